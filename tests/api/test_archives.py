"""Data out and in by the API and the pages: who may, what is refused, and what a kill or a failure leaves."""

import gzip
import io
import tarfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from containers import loop, tasks
from containers.archives import RECONCILE, controller, store
from containers.archives.turns import turn
from containers.engine.memory import MemoryEngine
from containers.errors import LeaseLost
from containers.models import Archive, Container, ContainerStatus, Template
from tenants.models import AuditEvent, Membership, Tenant, User
from tests.conftest import converge

pytestmark = pytest.mark.django_db
URL = "/api/v1/containers/"


def tar(**files: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(text), 0o640
            archive.addfile(entry, io.BytesIO(text.encode()))
    return buffer.getvalue()


def names(data: bytes) -> list[str]:
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        return archive.getnames()


@pytest.fixture(autouse=True)
def folder(settings, tmp_path: Path) -> Path:
    settings.ARCHIVE_ROOT = str(tmp_path / "archives")
    return tmp_path / "archives"


@pytest.fixture
def api(owner: User, tenant: Tenant, memory: MemoryEngine, zone: Any) -> APIClient:
    Template.objects.create(slug="hello", name="Hello", image="warren/hello:latest")
    Template.objects.create(slug="notes", name="Notes", image="warren/notes:latest", data_folder="/data")
    client = APIClient()
    client.force_authenticate(owner)
    return client


@pytest.fixture
def box(api: APIClient) -> str:
    url: str = api.post(URL, {"name": "box", "template": "notes"}, format="json").headers["Location"]
    converge()
    return url


def export(api: APIClient, box: str) -> Any:
    return api.post(f"{box}exports/")


def restore(api: APIClient, box: str, data: bytes) -> Any:
    return api.post(f"{box}imports/", data, content_type="application/gzip")


def content(memory: MemoryEngine) -> list[str]:
    """Of the volume that the container uses now."""
    return names(memory.contents[memory.specs[Container.objects.get(name="box").engine_name].volume])


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


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


def test_one_at_a_time(api: APIClient, box: str, folder: Path) -> None:
    assert restore(api, box, tar(a="1")).status_code == 202
    for answer in (restore(api, box, tar(a="2")), export(api, box)):
        assert (answer.status_code, answer.json()["code"]) == (409, "archive_in_progress")
    assert len(files(folder)) == 1
    assert AuditEvent.objects.filter(outcome="refused", reason="archive_in_progress").count() == 2
    converge()
    assert export(api, box).status_code == 202


def test_what_is_refused(api: APIClient, box: str, owner: User, folder: Path) -> None:
    Container.objects.update(storage=1000)
    answer = restore(api, box, bytes(2 * 1024**2))
    assert (answer.status_code, answer.json()["code"]) == (413, "archive_too_large")
    answer = api.generic("POST", f"{box}imports/", b"", content_type="application/gzip", CONTENT_LENGTH="")
    assert (answer.status_code, answer.json()["code"]) == (411, "length_required")
    plain = api.post(URL, {"name": "plain", "template": "hello"}, format="json").headers["Location"]
    assert export(api, plain).json()["code"] == "no_data_folder"
    api.delete(box)
    assert restore(api, box, tar(a="1")).json()["code"] == "being_deleted"
    converge()
    assert export(api, box).status_code == 404
    assert files(folder) == []


def test_a_small_file_that_is_large_inside(api: APIClient, box: str, memory: MemoryEngine) -> None:
    Container.objects.update(storage=100_000)
    before = dict(memory.contents)
    where = restore(api, box, tar(a="0" * 200_000)).headers["Location"]
    converge()
    assert api.get(where).json()["error"]["code"] == "archive_too_large"
    assert memory.contents == before


def test_nobody_else(api: APIClient, box: str, stranger: User) -> None:
    where = export(api, box).headers["Location"]
    converge()
    other = APIClient()
    other.force_authenticate(stranger)
    for answer in (other.get(where), other.get(f"{where}download/"), export(other, box), restore(other, box, b"x")):
        assert answer.status_code == 404
    assert APIClient().get(f"{where}download/").status_code == 401
    for wrong in (where.replace("/exports/", "/imports/"), where[:-5] + "0000/"):
        assert api.get(wrong).status_code == 404


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


class Killed(BaseException):
    """As if the worker's process had ended here."""


ACTS = ["fill_volume", "stop", "remove", "create", "start", "remove_volume"]


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("act", ACTS)
def test_a_restore_that_is_killed_is_finished_by_the_next_pass(
    api: APIClient, box: str, memory: MemoryEngine, monkeypatch: pytest.MonkeyPatch, act: str, after: bool, settings
) -> None:
    settings.LEASE_SECONDS = -1
    restore(api, box, tar(old="1"))
    converge()
    restore(api, box, tar(new="2"))
    real, struck = getattr(memory, act), []

    def cut(*args: Any, **more: Any) -> Any:
        if struck:
            return real(*args, **more)
        if after:
            real(*args, **more)
        struck.append(act)
        raise Killed

    monkeypatch.setattr(memory, act, cut)
    with pytest.raises(Killed):
        converge()
    spec = memory.specs.get(Container.objects.get().engine_name)
    assert spec is None or names(memory.contents[spec.volume]) in (["data/old"], ["data/new"])
    monkeypatch.setattr(memory, act, real)
    ContainerStatus.objects.all().ring()
    Archive.objects.all().ring()
    converge()
    assert content(memory) == ["data/new"]
    assert len(memory.volumes({})) == 1
    assert api.get(box).json()["lifecycle"] == "running"
    assert {archive.state for archive in Archive.objects.all()} == {"done"}


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("act", ["pull", "stop", "remove", "create", "start"])
def test_a_recreation_that_is_killed_keeps_the_data(
    api: APIClient, box: str, memory: MemoryEngine, monkeypatch: pytest.MonkeyPatch, act: str, after: bool, settings
) -> None:
    settings.LEASE_SECONDS = -1
    restore(api, box, tar(mine="1"))
    converge()
    before = memory.containers[Container.objects.get().engine_name].id
    memory.registry = {"warren/notes:latest"}
    api.post(f"{box}recreate/")
    real, struck = getattr(memory, act), []

    def cut(*args: Any, **more: Any) -> Any:
        if struck:
            return real(*args, **more)
        if after:
            real(*args, **more)
        struck.append(act)
        raise Killed

    monkeypatch.setattr(memory, act, cut)
    with pytest.raises(Killed):
        converge()
    assert len(memory.volumes({})) == 1
    monkeypatch.setattr(memory, act, real)
    ContainerStatus.objects.all().ring()
    converge()
    assert content(memory) == ["data/mine"]
    assert memory.containers[Container.objects.get().engine_name].id != before
    assert api.get(box).json()["lifecycle"] == "running"


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


def test_only_so_many_are_copied_at_once(api: APIClient, box: str, settings) -> None:
    settings.ARCHIVES_AT_ONCE = 1
    where = export(api, box).headers["Location"]
    Archive.objects.update(failures=1, code="engine_away", message="away")
    with turn() as ours:
        assert ours
        converge()
    row = Archive.objects.get()
    assert (row.state, row.failures, row.code) == ("running", 1, "engine_away"), "as it was"
    assert row.next_check_at is not None
    assert timedelta(seconds=1) < row.next_check_at - timezone.now() < timedelta(seconds=3)
    row.__class__.objects.all().ring()
    converge()
    assert api.get(where).json()["state"] == "done"


def test_the_disk_keeps_its_reserve(api: APIClient, box: str, folder: Path, settings) -> None:
    settings.ARCHIVE_RESERVE = 2**60
    answer = restore(api, box, tar(a="1"))
    assert (answer.status_code, answer.json()["code"]) == (507, "archive_no_room")
    where = export(api, box).headers["Location"]
    converge()
    assert api.get(where).json()["error"]["code"] == "archive_no_room"
    assert files(folder) == []


def test_a_full_disk_is_told_and_keeps_no_half_file(
    api: APIClient, box: str, folder: Path, settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel refuses to let a file grow past the process's limit, as it does on a full disk."""
    import resource
    import signal

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, hard))
    try:
        with pytest.raises(store.NoRoom):
            store.save(bytes(100_000) for _ in range(3))
        with pytest.raises(store.NoRoom):
            store.keep(SimpleUploadedFile("x", bytes(300_000)))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)
    assert files(folder) == []


def test_there_is_no_data_before_there_is_a_container(api: APIClient) -> None:
    url = api.post(URL, {"name": "box", "template": "notes"}, format="json").headers["Location"]
    answer = export(api, url)
    assert (answer.status_code, answer.json()["code"]) == (409, "no_data_yet")


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


def test_what_the_page_cancels(page: Client, api: APIClient, box: str) -> None:
    export(api, box)
    where = f"/containers/{Container.objects.get().pk}/data/"
    token = _token(page, where)
    cancel = f"{where}{Archive.objects.get().pk}/cancel/"
    assert cancel in page.get(where).content.decode()
    said = page.post(cancel, {"csrfmiddlewaretoken": token}, follow=True).content.decode()
    assert "It is being cancelled" in said
    converge()
    assert Archive.objects.get().code == "archive_cancelled"
    assert cancel not in page.get(where).content.decode()


@pytest.fixture
def page(api: APIClient, owner: User) -> Client:
    client = Client(enforce_csrf_checks=True)
    client.force_login(owner)
    return client


def _token(page: Client, where: str) -> str:
    return str(page.get(where).context["csrf_token"])


def test_the_page_prepares_shows_and_restores(page: Client, api: APIClient, box: str, memory: MemoryEngine) -> None:
    where = f"/containers/{Container.objects.get().pk}/data/"
    assert "This replaces everything" in page.get(where).content.decode()
    token = _token(page, where)
    assert page.post(f"{where}export/", {"csrfmiddlewaretoken": token}).status_code == 302
    assert "queued" in page.get(where).content.decode()
    converge()
    link = f"{box.partition('testserver')[2]}exports/{Archive.objects.get().pk}/download/"
    assert link in page.get(where).content.decode()
    assert names(page.get(link).getvalue()) == ["."]
    upload = SimpleUploadedFile("x.tgz", tar(a="1"))
    assert page.post(f"{where}restore/", {"file": upload}).status_code == 403, "no token"
    upload.seek(0)
    answer = page.post(f"{where}restore/", {"file": upload, "csrfmiddlewaretoken": token})
    assert answer.status_code == 302
    assert "archive_in_progress" not in page.get(where).content.decode()
    again = page.post(f"{where}restore/", {"file": upload, "csrfmiddlewaretoken": token}, follow=True)
    assert "wait until that is done" in again.content.decode()
    converge()
    assert content(memory) == ["data/a"]
    empty = page.post(f"{where}restore/", {"csrfmiddlewaretoken": token})
    assert "This field is required" in empty.content.decode()


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
