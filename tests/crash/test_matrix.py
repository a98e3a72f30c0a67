"""A worker is killed before and after each call it makes to Docker and Cloudflare, and each answer is lost once.

Whatever the moment: the next worker continues, and the world matches the database, with nothing twice and nothing
left over; no hostname was ever routable without protection, whether or not the zone's guard stands.
"""

import itertools
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from cloudflare.models import Connector
from containers import admission, changes
from containers.models import Container, Template
from tenants.models import User
from tests.conftest import make_tenant
from tests.crash.wire import Wire, laid
from tests.installation import environment, prepare
from tests.parts import Cloud, docker_containers, docker_get, docker_networks, docker_put, docker_volumes

pytestmark = [pytest.mark.django_db(transaction=True, serialized_rollback=True), pytest.mark.timeout(600)]
LEASE = 0.7
PATIENCE = 15.0  # lease and sweep, and the work itself on a busy machine


class Workers:
    """Worker processes of one installation, one at a time."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._zygote = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.zygote"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )

    def fork(self) -> int:
        return self._ask("fork")

    def wait(self) -> int:
        return self._ask("wait")

    def run(self) -> None:
        """Have one worker finish all there is to do."""
        began = time.monotonic()
        self.fork()
        assert self.wait() == 0
        assert time.monotonic() - began < PATIENCE

    def _ask(self, what: str) -> int:
        assert self._zygote.stdin is not None
        assert self._zygote.stdout is not None
        self._zygote.stdin.write(what + "\n")
        self._zygote.stdin.flush()
        return int(self._zygote.stdout.readline())

    def stop(self) -> None:
        assert self._zygote.stdin is not None
        assert self._zygote.stdout is not None
        self._zygote.stdin.close()
        self._zygote.wait(10)
        self._zygote.stdout.close()


@pytest.fixture
def wire(tmp_path: Path, cloud: Cloud) -> Iterator[Wire]:
    docker_socket = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock").removeprefix("unix://")
    with laid(tmp_path, docker_socket, cloud.facts["api"]) as found:
        yield found


@pytest.fixture
def workers(wire: Wire, cloud: Cloud, docker_mark: str, settings, transactional_db: None) -> Iterator[Workers]:
    prepare(cloud, settings)
    found = Workers(
        {
            **environment(cloud, docker_mark),
            "DOCKER_HOST": wire.docker,
            "CLOUDFLARE_API_URL": wire.cloudflare,
            "LEASE_SECONDS": str(LEASE),
            "RENAME_OVERLAP_SECONDS": "0.1",
        }
    )
    try:
        found.run()  # the zone gets its guard
        yield found
    finally:
        found.stop()


@dataclass
class Scene:
    """Work that is cut at one call after the other."""

    workers: Workers
    wire: Wire
    mode: str
    counts: Callable[[str, str], bool]

    def cut(self, number: int) -> str:
        """Have a worker do what is to be done, strike at its call of this number, and have the next one finish it.

        Returns the call; nothing when there were fewer.
        """
        self.wire.arm(number, self.mode, self.workers.fork(), self.counts)
        ended = self.workers.wait()
        reached = self.wire.struck
        self.wire.disarm()
        if ended:
            assert reached, "the worker ended by itself, and not well"
            self.workers.run()
        return reached


def _every_call(method: str, path: str) -> bool:
    return True


def _to_cloudflare(method: str, path: str) -> bool:
    return path.startswith("/client")


def _but_docker_asked(method: str, path: str) -> bool:
    """What only asks Docker leaves the world and our rows as they were: before it and after it are the moment after
    the call that came before. Its answer may be lost all the same.
    """
    return _to_cloudflare(method, path) or method not in {"GET", "HEAD"}


def _unguarded(cloud: Cloud) -> None:
    (guard,) = (key for key, app in cloud.state()["apps"].items() if app["fields"]["domain"].startswith("*."))
    assert cloud.api("DELETE", f"/accounts/{{account}}/access/apps/{guard}").ok


def _create(owner: User, slug: str, template: str = "notes") -> Container:
    return admission.create(
        actor=owner, tenant=make_tenant(slug, owner), template=Template.objects.get(slug=template), name="box"
    )


def _the_one(slug: str) -> Container:
    return Container.objects.get(tenant__slug=slug, deleted_at=None)


def _world(cloud: Cloud, mark: str, slug: str, *, running: bool = True, name: str = "box") -> None:
    """Just one of everything, in the one state that is wanted."""
    state, host = cloud.state(), f"{name}-{slug}.containers.localhost"
    container = Container.objects.select_related("status").get(tenant__slug=slug)
    connector = Connector.objects.get(tunnel__tenant__slug=slug)
    assert docker_containers(mark) == sorted([container.engine_name, connector.engine_name])
    assert docker_networks(mark) == sorted([f"{mark}-shared-connectors", f"{mark}-{slug}-tenant"])
    assert cloud.tunnels() == {f"warren-{mark}-{slug}"}
    assert state["routable"] == [container.status.hostname] == [host]
    (tunnel,) = (row for row in state["tunnels"].values() if row["deleted_at"] is None)
    assert [rule["hostname"] for rule in tunnel["config"]["ingress"] if "hostname" in rule] == [host]
    assert [row["fields"]["name"] for row in state["records"].values()] == [host]
    assert [app["fields"]["domain"] for app in state["apps"].values() if "*" not in app["fields"]["domain"]] == [host]
    assert container.status.state == ("running" if running else "exited")
    assert container.status.observed_generation == container.generation


def _nothing(cloud: Cloud, mark: str) -> None:
    assert docker_containers(mark) == []
    assert docker_volumes(mark) == []
    assert docker_networks(mark) == [f"{mark}-shared-connectors"]
    assert cloud.tunnels() == set()
    assert cloud.hostnames() == set()
    assert [name for name in cloud.applications() if "*" not in name] == []
    assert not Container.objects.living().exists()


# With the guard, and without it: that is nothing to a pass, but without it whatever is open for a moment is seen.
@pytest.mark.parametrize(
    ("mode", "guarded", "counts", "calls"),
    [
        ("killed before", True, _but_docker_asked, (12, 10)),
        ("killed after", False, _but_docker_asked, (12, 10)),
        ("answer lost", True, _every_call, (16, 16)),
    ],
    ids=["killed before", "killed after", "answer lost"],
)
def test_any_call_of_creation_and_of_deletion(
    mode: str,
    guarded: bool,
    counts: Callable[[str, str], bool],
    calls: tuple[int, int],
    owner: User,
    workers: Workers,
    wire: Wire,
    cloud: Cloud,
    docker_mark: str,
) -> None:
    if not guarded:
        _unguarded(cloud)
    scene, made, gone = Scene(workers, wire, mode, counts), [], []
    for number in itertools.count(1):
        slug = f"t{number}"
        _create(owner, slug)
        made.append(scene.cut(number))
        _world(cloud, docker_mark, slug)
        admission.remove(_the_one(slug), actor=owner)
        gone.append(scene.cut(number))
        _nothing(cloud, docker_mark)
        assert cloud.state()["violations"] == []
        if not made[-1] and not gone[-1]:
            break
    # So many there are at least to be cut: the matrix cannot become empty unseen.
    assert (len([*filter(None, made)]), len([*filter(None, gone)])) >= calls, (made, gone)


@pytest.mark.parametrize("mode", ["killed after", "answer lost"])
def test_any_call_of_a_stop(
    mode: str, owner: User, workers: Workers, wire: Wire, cloud: Cloud, docker_mark: str
) -> None:
    _create(owner, "acme", "hello")
    workers.run()
    scene, struck = Scene(workers, wire, mode, _every_call), []
    for number in itertools.count(1):
        admission.stop(_the_one("acme"), actor=owner)
        struck.append(scene.cut(number))
        _world(cloud, docker_mark, "acme", running=False)
        if not struck[-1]:
            break
        admission.start(_the_one("acme"), actor=owner)
        workers.run()
        _world(cloud, docker_mark, "acme")
    assert len(struck) > 3, struck
    _end(owner, workers, cloud, docker_mark)


def test_any_call_of_a_rename(
    owner: User, workers: Workers, wire: Wire, cloud: Cloud, docker_mark: str, settings
) -> None:
    settings.RENAMES_PER_HOUR = 1000
    _unguarded(cloud)
    _create(owner, "acme", "hello")
    workers.run()
    # Before a call it stands outside as it did after the one before, and after it alike whatever became of the answer:
    # for what may be open these are one moment.
    scene, struck = Scene(workers, wire, "killed after", _to_cloudflare), []
    for number, name in enumerate(itertools.cycle(["vase", "box"]), 1):
        admission.rename(_the_one("acme"), actor=owner, name=name)
        struck.append(scene.cut(number))
        _world(cloud, docker_mark, "acme", name=name)
        assert cloud.state()["violations"] == []
        if not struck[-1]:
            break
    assert len(struck) > 8, struck
    _end(owner, workers, cloud, docker_mark)


def test_any_call_of_a_recreation(owner: User, workers: Workers, wire: Wire, cloud: Cloud, docker_mark: str) -> None:
    container = _create(owner, "acme")
    workers.run()
    scene, struck = Scene(workers, wire, "killed after", _every_call), []
    for number in itertools.count(1):
        docker_put(container.engine_name, "/data/mine", str(number).encode())
        changes.recreate(_the_one("acme"), actor=owner)
        struck.append(scene.cut(number))
        _world(cloud, docker_mark, "acme")
        assert docker_get(container.engine_name, "/data/mine") == str(number).encode()
        assert len(docker_volumes(docker_mark)) == 1
        if not struck[-1]:
            break
    assert len(struck) > 9, struck
    _end(owner, workers, cloud, docker_mark)


def _end(owner: User, workers: Workers, cloud: Cloud, mark: str) -> None:
    """After all that was cut, it can be deleted like any other, and nothing was left beside it."""
    admission.remove(_the_one("acme"), actor=owner)
    workers.run()
    _nothing(cloud, mark)
    assert cloud.state()["violations"] == []
