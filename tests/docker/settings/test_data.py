"""Data out and in on the real engine: it comes back the same, or nothing changes."""

import io
import tarfile
from collections.abc import Iterator
from typing import Any

import docker
import pytest
from rest_framework.test import APIClient

from containers import engine
from containers.models import Archive
from tests.conftest import converge
from tests.docker.settings.conftest import MIB, beside, inside, made, seen, volumes

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


def test_data_comes_back_the_same(api: APIClient, box: str, client: docker.DockerClient, docker_mark: str) -> None:
    """Downloaded, the container deleted, restored into a new one: content, modes, times, owners, links."""
    script = """
        mkdir -m 2770 deep; mkdir deep/empty; chmod 1777 deep/empty
        dd if=/dev/urandom of=deep/random bs=1k count=3000 2>/dev/null
        printf 'one\\ntwo' >'a name with spaces and é'; chmod 600 'a name with spaces and é'
        ln deep/random hard; ln -s deep/random soft; ln -s /data/deep own; mkfifo pipe; ln -s /etc/passwd out
        touch -d '2001-02-03 04:05:06' deep/random; chown -R 123:456 deep; touch -d '2002-02-03 04:05:06' deep
        touch -d '2003-02-03 04:05:06' .; chmod 751 .; chown 7:8 .
    """
    beside(client, docker_mark, script)
    first = _listing(client, docker_mark)
    where = api.post(f"{box}exports/").headers["Location"]
    converge()
    body = api.get(where).json()
    assert body["state"] == "done", body
    assert body["note"].startswith("2 entries were left out")
    data = api.get(f"{where}download/").getvalue()
    api.delete(box)
    converge()
    assert volumes(client, docker_mark) == []

    other = made(api, "other")
    inside(client, "sh", "-c", "echo old >/data/old.txt", name="other")
    where = api.post(f"{other}imports/", data, content_type="application/gzip").headers["Location"]
    converge()
    assert api.get(where).json()["state"] == "done", api.get(where).json()
    lost = ("./pipe", "./out")
    assert _listing(client, docker_mark, "other") == [line for line in first if not line.startswith(lost)]
    assert len(volumes(client, docker_mark)) == 1
    assert api.get(other).json()["lifecycle"] == "running"


def _listing(client: docker.DockerClient, mark: str, name: str = "box") -> list[str]:
    """Path, mode, owner, time, links and sum of everything in the data folder."""
    script = """
        find . | sort | while IFS= read -r path; do
            stat -c '%n %a %u:%g %F %h' "$path"
            if [ -L "$path" ]; then echo "$path -> $(readlink "$path")"; continue; fi
            stat -c '%n %Y' "$path"
            if [ -f "$path" ]; then echo "$path $(md5sum <"$path")"; fi
        done
    """
    return beside(client, mark, script, name).splitlines()


def test_an_evil_archive_changes_nothing(
    api: APIClient, box: str, client: docker.DockerClient, docker_mark: str
) -> None:
    inside(client, "sh", "-c", "echo mine >/data/mine.txt")
    before = (seen(client).attrs["State"]["StartedAt"], volumes(client, docker_mark))
    for name, kind, target in (
        ("../../etc/evil", tarfile.REGTYPE, ""),
        ("/etc/evil", tarfile.REGTYPE, ""),
        ("link", tarfile.SYMTYPE, "/etc"),
        ("null", tarfile.CHRTYPE, ""),
    ):
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as archive:
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = kind, target
            archive.addfile(entry)
        where = api.post(f"{box}imports/", buffer.getvalue(), content_type="application/x-tar").headers["Location"]
        converge()
        assert api.get(where).json()["error"]["code"] == "archive_invalid"
    assert inside(client, "cat", "/data/mine.txt") == "mine\n"
    assert (seen(client).attrs["State"]["StartedAt"], volumes(client, docker_mark)) == before


def test_a_restore_that_is_killed_half_way(
    api: APIClient, box: str, client: docker.DockerClient, docker_mark: str, monkeypatch: pytest.MonkeyPatch, settings
) -> None:
    """In the middle of the bytes: the old data is untouched, and the next pass begins anew."""
    from containers.archives import controller

    inside(client, "sh", "-c", "echo mine >/data/mine.txt")
    settings.LEASE_SECONDS = -1
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for number in range(4):
            entry = tarfile.TarInfo(f"file{number}")
            entry.size = 3 * MIB
            archive.addfile(entry, io.BytesIO(bytes(entry.size)))
    api.post(f"{box}imports/", buffer.getvalue(), content_type="application/x-tar")
    packed = controller.packed

    class Killed(BaseException):
        pass

    def cut(found: Any) -> Iterator[bytes]:
        for number, piece in enumerate(packed(found)):
            if number == 5:
                raise Killed
            yield piece

    monkeypatch.setattr(controller, "packed", cut)
    with pytest.raises(Killed):
        converge()
    assert inside(client, "ls", "/data") == "mine.txt\n"
    assert len(volumes(client, docker_mark)) == 2
    monkeypatch.setattr(controller, "packed", packed)
    engine.current.cache_clear()
    Archive.objects.all().ring()
    converge()
    assert Archive.objects.get().state == "done"
    assert inside(client, "ls", "/data").split() == [f"file{number}" for number in range(4)]
    assert len(volumes(client, docker_mark)) == 1
    label = {"label": f"warren.installation={docker_mark}"}
    assert [row.name for row in client.containers.list(all=True, filters=label) if "archive" in row.name] == []


def test_data_of_a_container_that_is_stopped(
    api: APIClient, box: str, client: docker.DockerClient, docker_mark: str
) -> None:
    inside(client, "sh", "-c", "echo mine >/data/mine.txt")
    api.post(f"{box}stop/")
    converge()
    where = api.post(f"{box}exports/").headers["Location"]
    converge()
    data = api.get(f"{where}download/").getvalue()
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        assert archive.getnames() == [".", "mine.txt"]
    where = api.post(f"{box}imports/", data, content_type="application/gzip").headers["Location"]
    converge()
    assert api.get(where).json()["state"] == "done"
    assert seen(client).status == "created", "what was stopped is not started"
    assert api.get(box).json()["lifecycle"] == "stopped"
    api.post(f"{box}start/")
    converge()
    assert inside(client, "cat", "/data/mine.txt") == "mine\n"
