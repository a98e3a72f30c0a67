"""Data in: it takes the place of what was there as a whole, or changes nothing."""

import gzip
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from rest_framework.test import APIClient

from containers import loop
from containers.archives import RECONCILE, controller
from containers.engine.memory import MemoryEngine
from containers.errors import LeaseLost
from containers.models import Archive, Container, ContainerStatus
from tenants.models import AuditEvent
from tests.api.archives.conftest import content, export, files, names, restore, tar
from tests.conftest import converge

pytestmark = pytest.mark.django_db


def test_there_and_back(api: APIClient, box: str, memory: MemoryEngine, folder: Path) -> None:
    first = memory.volumes({})
    asked = restore(api, box, tar(**{"a.txt": "one", "b/c.txt": "two"}))
    assert (asked.status_code, asked.json()["state"]) == (202, "queued")
    assert api.get(asked.headers["Location"]).json()["state"] == "queued"
    converge()
    done = api.get(asked.headers["Location"]).json()
    assert (done["state"], done["error"], len(done["sha256"])) == ("done", None, 64)
    assert content(memory) == ["data/a.txt", "data/b/c.txt"]
    assert memory.volumes({}) != first
    assert len(memory.volumes({})) == 1, "the old volume is gone"
    assert files(folder) == []
    assert api.get(box).json()["lifecycle"] == "running"

    asked = export(api, box)
    where = asked.headers["Location"]
    assert api.get(f"{where}download/").status_code == 404, "not yet"
    converge()
    done = api.get(where).json()
    assert done["state"] == "done"
    answer = api.get(f"{where}download/")
    data = answer.getvalue()
    assert answer["Content-Disposition"].startswith('attachment; filename="box-')
    assert (int(answer["Content-Length"]), done["size"]) == (len(data), len(data))
    assert names(data) == ["a.txt", "b/c.txt"]
    actions = list(AuditEvent.objects.filter(outcome="done").values_list("action", flat=True))
    assert {"container:import", "container:export", "container:download"} <= set(actions)


def test_a_form_may_carry_the_archive_too(api: APIClient, box: str, memory: MemoryEngine) -> None:
    upload = SimpleUploadedFile("data.tar.gz", tar(a="1"))
    assert api.post(f"{box}imports/", {"file": upload}, format="multipart").status_code == 202
    converge()
    assert content(memory) == ["data/a"]
    assert api.post(f"{box}imports/", {"other": "x"}, format="multipart").status_code == 400
    assert api.post(f"{box}imports/", "x", content_type="text/plain").status_code == 415


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"rubbish", "archive_invalid"),
        (tar(**{"../a": "x"}), "archive_invalid"),
        (tar(a="x")[:-8], "archive_invalid"),
        (gzip.compress(bytes(10240)), "archive_invalid"),  # an archive with nothing in it
    ],
    ids=["rubbish", "a way out", "half", "nothing"],
)
def test_what_is_unfit_changes_nothing(
    api: APIClient, box: str, memory: MemoryEngine, folder: Path, data: bytes, code: str
) -> None:
    before, running = dict(memory.contents), memory.inspect(Container.objects.get().engine_name)
    where = restore(api, box, data).headers["Location"]
    converge()
    body = api.get(where).json()
    assert (body["state"], body["error"]["code"]) == ("failed", code)
    assert memory.contents == before
    assert memory.inspect(Container.objects.get().engine_name) == running
    assert files(folder) == []
    Archive.objects.all().ring()
    converge()
    assert api.get(where).json()["error"]["code"] == code, "a later look does not forget it"


def test_a_small_file_that_is_large_inside(api: APIClient, box: str, memory: MemoryEngine) -> None:
    Container.objects.update(storage=100_000)
    before = dict(memory.contents)
    where = restore(api, box, tar(a="0" * 200_000)).headers["Location"]
    converge()
    assert api.get(where).json()["error"]["code"] == "archive_too_large"
    assert memory.contents == before


def test_deleted_in_the_middle_of_a_restore(api: APIClient, box: str, memory: MemoryEngine, folder: Path) -> None:
    where = restore(api, box, tar(a="1")).headers["Location"]
    api.delete(box)
    converge()
    assert api.get(where).json()["error"]["code"] == "being_deleted"
    assert memory.volumes({}) == []
    assert files(folder) == []


def test_a_lost_lease_writes_nothing(
    api: APIClient, box: str, memory: MemoryEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    restore(api, box, tar(a="1"))
    archive = Archive.objects.get()

    def lost(*args: Any) -> None:
        raise LeaseLost

    monkeypatch.setattr(controller, "_fill", lost)
    loop.run(RECONCILE, archive.pk)
    assert ContainerStatus.objects.get().volume == ""
