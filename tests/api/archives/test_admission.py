"""Who may have an archive made, when, and how much room there is for it."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from rest_framework.test import APIClient

from containers.archives import store
from containers.archives.turns import turn
from containers.models import Archive, Container
from tenants.models import AuditEvent, User
from tests.api.archives.conftest import export, files, restore, tar
from tests.api.conftest import URL
from tests.conftest import converge

pytestmark = pytest.mark.django_db


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
