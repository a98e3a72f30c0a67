"""Settings, recreation and data on the real engine: what a program in the container sees of them."""

import contextlib
import io
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import pytest
from django.conf import settings as django_settings
from django.db import connection
from rest_framework.test import APIClient

from containers import engine
from containers.models import Archive, Container, ContainerStatus
from tenants.models import AuditEvent, Tenant, User
from tests.conftest import converge
from tests.installation import celery, prepare
from tests.parts import Cloud, wait_until

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
URL = "/api/v1/containers/"
MIB = 1024**2
PASSWORD = "correct horse battery staple"
B = "/bin/busybox"


@pytest.fixture
def client() -> Iterator[docker.DockerClient]:
    with contextlib.closing(docker.from_env()) as found:
        yield found


@pytest.fixture
def api(owner: User, tenant: Tenant, cloud: Cloud, docker_mark: str, settings, tmp_path: Path) -> APIClient:
    prepare(cloud, settings)
    settings.ARCHIVE_ROOT = str(tmp_path / "archives")
    found = APIClient()
    found.force_authenticate(owner)
    return found


@pytest.fixture
def box(api: APIClient) -> str:
    return made(api, "box")


def made(api: APIClient, name: str) -> str:
    url: str = api.post(URL, {"name": name, "template": "notes"}, format="json").headers["Location"]
    converge()
    return url


def seen(client: docker.DockerClient, name: str = "box") -> Any:
    return client.containers.get(Container.objects.living().get(name=name).engine_name)


def inside(client: docker.DockerClient, *command: str, name: str = "box") -> str:
    done = seen(client, name).exec_run([B, *command])
    assert done.exit_code == 0, done.output
    return str(done.output.decode())


def beside(client: docker.DockerClient, mark: str, script: str, name: str = "box") -> str:
    """What a shell of root's says that has the container's volume, and more rights than a container of ours."""
    (mount,) = seen(client, name).attrs["Mounts"]
    told: bytes = client.containers.run(
        "warren/notes:latest",
        [B, "sh", "-c", f"cd /data && {script}"],
        user="0:0",
        volumes={mount["Name"]: {"bind": "/data"}},
        network_mode="none",
        labels={"warren.installation": mark},
        remove=True,
    )
    return told.decode()


def volumes(client: docker.DockerClient, mark: str) -> list[str]:
    return [volume.name for volume in client.volumes.list(filters={"label": f"warren.installation={mark}"})]


def memory_limit(client: docker.DockerClient) -> int:
    """As the kernel holds it for the container's processes."""
    pid = seen(client).attrs["State"]["Pid"]
    for line in Path(f"/proc/{pid}/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        for file in (f"/sys/fs/cgroup/memory{path}/memory.limit_in_bytes", f"/sys/fs/cgroup{path}/memory.max"):
            if controllers in {"memory", ""} and Path(file).exists():
                return int(Path(file).read_text())
    raise AssertionError("no memory cgroup")


def test_limits_change_without_a_restart(api: APIClient, box: str, client: docker.DockerClient) -> None:
    before = seen(client).attrs["State"]
    api.patch(box, {"memory": 48 * MIB, "cpu": 250}, format="json")
    converge()
    after = seen(client).attrs
    assert (after["State"]["StartedAt"], after["State"]["Pid"]) == (before["StartedAt"], before["Pid"])
    assert memory_limit(client) == 48 * MIB
    assert after["HostConfig"]["MemorySwap"] == 48 * MIB
    assert (after["HostConfig"]["CpuQuota"], after["HostConfig"]["CpuPeriod"]) == (25_000, 100_000)
    api.patch(box, {"memory": 96 * MIB}, format="json")
    converge()
    assert memory_limit(client) == 96 * MIB
    assert seen(client).attrs["State"]["StartedAt"] == before["StartedAt"]


def test_memory_in_use_is_not_taken_away(api: APIClient, box: str, client: docker.DockerClient) -> None:
    # A program that holds 40 MiB: dd's one block.
    seen(client).exec_run([B, "dd", "if=/dev/zero", "bs=41943040", "count=1000000", "of=/dev/null"], detach=True)
    wait_until(lambda: "41943040" in inside(client, "ps", "-o", "args"))
    wait_until(lambda: _used(client) > 40 * MIB)
    before = memory_limit(client)
    api.patch(box, {"memory": 16 * MIB, "cpu": 250}, format="json")
    converge()
    body = api.get(box).json()
    assert (body["error"], body["lifecycle"]) == (None, "running")
    assert [notice["code"] for notice in body["notices"]] == ["memory_in_use"]
    assert memory_limit(client) == before
    assert seen(client).attrs["HostConfig"]["CpuQuota"] == 25_000
    api.post(f"{box}restart/")
    converge()
    body = api.get(box).json()
    assert (body["error"], body["notices"]) == (None, [])
    assert memory_limit(client) == 16 * MIB


def _used(client: docker.DockerClient) -> int:
    return int(client.api.stats(seen(client).id, stream=False, one_shot=True)["memory_stats"]["usage"])


def test_a_changed_environment_makes_one_new_container_and_keeps_the_data(
    api: APIClient, box: str, client: docker.DockerClient, docker_mark: str
) -> None:
    inside(client, "sh", "-c", "echo mine >/data/mine.txt")
    before, kept = seen(client).id, volumes(client, docker_mark)
    api.patch(box, {"environment": {"PLAIN": "1"}, "secrets": {"KEY": PASSWORD}}, format="json")
    converge()
    assert seen(client).id != before
    assert inside(client, "sh", "-c", "echo $PLAIN/$KEY/$WARREN_CONTAINER") == f"1/{PASSWORD}/box\n"
    assert inside(client, "cat", "/data/mine.txt") == "mine\n"
    assert (volumes(client, docker_mark), seen(client).attrs["RestartCount"]) == (kept, 0)
    settled = seen(client).id
    ContainerStatus.objects.all().ring()
    converge()
    assert seen(client).id == settled


def test_recreate_restarts_once_and_keeps_the_data(
    api: APIClient, box: str, client: docker.DockerClient, docker_mark: str
) -> None:
    inside(client, "sh", "-c", "echo mine >/data/mine.txt; echo other >/tmp/other.txt")
    kept, label = volumes(client, docker_mark), f"warren.container={Container.objects.get().pk}"
    since = client.info()["SystemTime"]
    api.post(f"{box}recreate/")
    converge()
    body = api.get(box).json()
    assert body["lifecycle"] == "running"
    assert inside(client, "cat", "/data/mine.txt") == "mine\n"
    assert "other.txt" not in inside(client, "ls", "/tmp")
    assert volumes(client, docker_mark) == kept
    until = client.info()["SystemTime"]
    events = client.api.events(since=_seconds(since), until=_seconds(until) + 1, decode=True, filters={"label": label})
    acts = [event["Action"] for event in events if event["Type"] == "container"]
    assert [act for act in acts if act in {"create", "start", "destroy"}] == ["destroy", "create", "start"]


def _seconds(engine_time: str) -> int:
    from datetime import datetime

    return int(datetime.fromisoformat(engine_time[:19] + "+00:00").timestamp())


def test_a_secret_is_nowhere_but_in_the_container(
    api: APIClient, box: str, client: docker.DockerClient, cloud: Cloud, docker_mark: str, capfd: Any
) -> None:
    """Through a real worker, whose log and whose messages are looked through."""
    import redis
    from django.core.cache import cache

    cache.clear()
    messages: list[bytes] = []
    with contextlib.closing(redis.Redis.from_url(django_settings.REDIS_URL)) as broker:
        api.patch(box, {"secrets": {"KEY": PASSWORD}}, format="json")
        messages = [row for key in broker.keys("*") if broker.type(key) == b"list" for row in broker.lrange(key, 0, -1)]
    assert any(b"reconcile_container" in message for message in messages)
    assert PASSWORD.encode() not in b"".join(messages)
    with celery(cloud, docker_mark, LOG_LEVEL="DEBUG"):
        wait_until(lambda: f"KEY={PASSWORD}" in _environment(client), 40)
        wait_until(lambda: api.get(box).json()["lifecycle"] == "running")
    logged = "".join(capfd.readouterr())
    assert "reconcile_container" in logged
    assert PASSWORD not in logged
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            assert PASSWORD not in str(cursor.fetchall()), table
    assert PASSWORD not in str(list(AuditEvent.objects.values()))
    assert PASSWORD not in json.dumps(api.get(box).json())
    assert PASSWORD not in json.dumps(seen(client).labels)


def _environment(client: docker.DockerClient) -> list[str]:
    """Nothing while one container takes the place of another."""
    with contextlib.suppress(docker.errors.NotFound):
        return list(seen(client).attrs["Config"]["Env"])
    return []


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


def test_the_notes_are_kept(api: APIClient, box: str, client: docker.DockerClient) -> None:
    """The template that shows it all, as its visitors use it."""
    wait_until(lambda: seen(client).exec_run([B, "wget", "-qO", "-", "http://127.0.0.1:8080/"]).exit_code == 0)
    body = "text=a+%3Cb%3E+%26+c"
    post = f"POST / HTTP/1.0\\r\\nContent-Length: {len(body)}\\r\\n\\r\\n{body.replace('%', '%%')}"
    assert "303 See Other" in inside(client, "sh", "-c", f"printf '{post}' | nc 127.0.0.1 8080")
    api.post(f"{box}recreate/")
    converge()
    wait_until(lambda: seen(client).exec_run([B, "wget", "-qO", "-", "http://127.0.0.1:8080/"]).exit_code == 0)
    assert "a &lt;b&gt; &amp; c" in inside(client, "wget", "-qO", "-", "http://127.0.0.1:8080/")
