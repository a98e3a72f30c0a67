"""An archive is cancelled while it waits and while it is copied, and no more once it is applied."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from containers import loop
from containers.archives import RECONCILE, controller
from containers.engine.memory import MemoryEngine
from containers.models import Archive
from tenants.models import AuditEvent
from tests.api.archives.conftest import content, export, files, restore, tar
from tests.conftest import converge

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("kind", ["export", "import"])
def test_what_waits_can_be_cancelled(api: APIClient, box: str, memory: MemoryEngine, folder: Path, kind: str) -> None:
    memory.away = True
    where = (export(api, box) if kind == "export" else restore(api, box, tar(a="1"))).headers["Location"]
    loop.run(RECONCILE, Archive.objects.get().pk)
    memory.away = False
    assert api.delete(where).status_code == 202
    converge()
    body = api.get(where).json()
    assert (body["state"], body["error"]["code"]) == ("failed", "archive_cancelled")
    assert files(folder) == []
    assert len(memory.volumes({})) == 1
    assert AuditEvent.objects.get(action=f"container:{kind}-cancel").outcome == "done"
    assert api.delete(where).json()["code"] == "archive_finished"
    assert export(api, box).status_code == 202, "the next may be asked for"


def test_a_restore_that_is_cancelled_while_it_is_copied(
    api: APIClient, box: str, memory: MemoryEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = restore(api, box, tar(a="1")).headers["Location"]
    before, real = content(memory), controller._fill

    def filled(*args: Any) -> None:
        real(*args)
        assert api.delete(where).status_code == 202

    monkeypatch.setattr(controller, "_fill", filled)
    converge()
    assert api.get(where).json()["error"]["code"] == "archive_cancelled"
    assert content(memory) == before
    assert len(memory.volumes({})) == 1


def test_data_that_was_replaced_is_neither_cancelled_nor_late(api: APIClient, box: str, memory: MemoryEngine) -> None:
    where = restore(api, box, tar(a="1")).headers["Location"]
    loop.run(RECONCILE, Archive.objects.get().pk)
    assert Archive.objects.get().in_use
    assert api.delete(where).json()["code"] == "archive_applied"
    Archive.objects.update(expires_at=timezone.now() - timedelta(hours=1))
    converge()
    assert api.get(where).json()["state"] == "done"
    assert content(memory) == ["data/a"]
