"""Data out: what a download holds, for how long it is there, and what never becomes one."""

import io
import tarfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from containers import loop, tasks
from containers.archives import RECONCILE, controller, store
from containers.engine.memory import MemoryEngine
from containers.models import Archive, Container
from tenants.models import Membership, Tenant, User
from tests.api.archives.conftest import export, files, names
from tests.api.conftest import URL
from tests.conftest import converge

pytestmark = pytest.mark.django_db


def test_a_download_outlives_its_container_and_then_expires(
    api: APIClient, box: str, folder: Path, owner: User, tenant: Tenant
) -> None:
    where = export(api, box).headers["Location"]
    converge()
    api.delete(box)
    converge()
    assert Container.objects.get().deleted_at
    assert names(api.get(f"{where}download/").getvalue()) == ["."]
    Membership.objects.filter(user=owner).delete()
    assert api.get(f"{where}download/").status_code == 404
    Membership.objects.create(tenant=tenant, user=owner)
    Archive.objects.update(expires_at=timezone.now() - timedelta(seconds=1), next_check_at=timezone.now())
    converge()
    assert (api.get(where).json()["state"], files(folder)) == ("expired", [])
    assert api.get(f"{where}download/").status_code == 404


def test_a_new_download_takes_the_place_of_the_last(api: APIClient, box: str, folder: Path) -> None:
    first = export(api, box).headers["Location"]
    converge()
    second = export(api, box).headers["Location"]
    converge()
    assert [api.get(where).json()["state"] for where in (first, second)] == ["expired", "done"]
    assert len(files(folder)) == 1


def test_orphaned_files_are_swept(api: APIClient, box: str, folder: Path) -> None:
    export(api, box)
    converge()
    kept = files(folder)
    orphan, young = store.save([b"x"]), store.save([b"y"])
    import os

    os.utime(folder / orphan, (0, 0))
    tasks.sweep_archives()
    assert files(folder) == sorted([*kept, young])


def test_what_nobody_finishes_ends_as_failed(api: APIClient, box: str, memory: MemoryEngine, folder: Path) -> None:
    memory.away = True
    where = export(api, box).headers["Location"]
    loop.run(RECONCILE, Archive.objects.get().pk)
    assert api.get(where).json()["state"] == "running"
    memory.away = False
    Archive.objects.update(expires_at=timezone.now(), next_check_at=timezone.now())
    converge()
    assert api.get(where).json()["error"]["code"] == "archive_late"
    assert files(folder) == []


def test_data_that_does_not_hold_still(
    api: APIClient, box: str, memory: MemoryEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = memory.contents[memory.specs[Container.objects.get().engine_name].volume]
    monkeypatch.setattr(memory, "read_folder", lambda name, folder: iter([whole[:700]]))
    where = export(api, box).headers["Location"]
    for _ in range(controller.TRIES):
        Archive.objects.all().ring()
        loop.run(RECONCILE, Archive.objects.get().pk)
    assert api.get(where).json()["error"]["code"] == "archive_unsteady"
    assert "stop the container" in api.get(where).json()["error"]["detail"]


def _source(memory: MemoryEngine) -> str:
    return memory.specs[Container.objects.get(name="box").engine_name].volume


def test_data_that_could_not_be_restored_is_no_download(
    api: APIClient, box: str, memory: MemoryEngine, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    """A hole of 16 TiB: its head says so, and not one byte of it is read."""
    hole = tarfile.TarInfo("data/hole")
    hole.size = 16 * 1024**4
    given = 0

    def endless(name: str, of: str) -> Any:
        nonlocal given
        yield hole.tobuf(tarfile.GNU_FORMAT)
        while True:
            given += 1
            yield bytes(1024**2)

    monkeypatch.setattr(memory, "read_folder", endless)
    where = export(api, box).headers["Location"]
    converge()
    error = api.get(where).json()["error"]
    assert error["code"] == "archive_too_large"
    assert "could not be restored" in error["detail"]
    assert given < 3
    assert files(folder) == []


def test_a_download_that_takes_too_long_ends(
    api: APIClient, box: str, memory: MemoryEngine, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    whole = memory.contents[_source(memory)]

    def slow(name: str, of: str) -> Any:
        yield whole[:512]
        Archive.objects.update(expires_at=timezone.now())
        yield whole[512:]
        yield bytes(512)

    monkeypatch.setattr(memory, "read_folder", slow)
    monkeypatch.setattr(controller, "LOOK", 0)
    where = export(api, box).headers["Location"]
    converge()
    assert api.get(where).json()["error"]["code"] == "archive_late"
    assert files(folder) == []


def test_there_is_no_data_before_there_is_a_container(api: APIClient) -> None:
    url = api.post(URL, {"name": "box", "template": "notes"}, format="json").headers["Location"]
    answer = export(api, url)
    assert (answer.status_code, answer.json()["code"]) == (409, "no_data_yet")


async def test_under_asgi_a_download_comes_in_pieces(folder: Path) -> None:
    """Else Django would have all of it in memory before the first byte leaves."""
    from django.core.handlers.asgi import ASGIRequest

    from containers.archives.sending import attachment

    file = io.BytesIO(bytes(3 * 1024**2))
    archive = Archive(container=Container(name="box"), created_at=timezone.now())
    request = ASGIRequest({"type": "http", "method": "GET", "path": "/", "headers": []}, io.BytesIO())
    answer = attachment(request, archive, file)
    assert answer.is_async
    pieces = [len(piece) async for piece in answer]
    assert pieces == [1024**2] * 3
    assert answer["Content-Length"] == str(3 * 1024**2)
