"""A worker is killed before and after each call it makes to Docker and Cloudflare, and each answer is lost once.

Whatever the moment: the next worker continues, and the world matches the database, with nothing twice and nothing
left over; no hostname was ever routable without protection, whether or not the zone's guard stands.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from containers import admission, changes
from containers.models import Container, Template
from tenants.models import User
from tests.conftest import make_tenant
from tests.crash.wire import MODES, Wire, laid
from tests.installation import environment, prepare
from tests.parts import Cloud, docker_containers, docker_get, docker_networks, docker_put, docker_volumes

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
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


@pytest.fixture
def guard(request: pytest.FixtureRequest, workers: Workers, cloud: Cloud) -> str:
    if request.param == "without the guard":
        (guard,) = (key for key, app in cloud.state()["apps"].items() if app["fields"]["domain"].startswith("*."))
        assert cloud.api("DELETE", f"/accounts/{{account}}/access/apps/{guard}").ok
    return str(request.param)


def _create(owner: User, slug: str, template: str = "hello") -> Container:
    return admission.create(
        actor=owner, tenant=make_tenant(slug, owner), template=Template.objects.get(slug=template), name="box"
    )


def _create_with_data(owner: User, slug: str) -> Container:
    return _create(owner, slug, "notes")


def _recreate(owner: User, slug: str) -> Container:
    return changes.recreate(Container.objects.get(tenant__slug=slug, deleted_at=None), actor=owner)


def _stop(owner: User, slug: str) -> Container:
    return admission.stop(Container.objects.get(tenant__slug=slug, deleted_at=None), actor=owner)


def _rename(owner: User, slug: str) -> Container:
    return admission.rename(Container.objects.get(tenant__slug=slug, deleted_at=None), actor=owner, name="vase")


def _delete(owner: User, slug: str) -> Container:
    return admission.remove(Container.objects.get(tenant__slug=slug, deleted_at=None), actor=owner)


# What came before, and what is cut.
CASES: dict[str, tuple[list[Callable[[User, str], Container]], Callable[[User, str], Container]]] = {
    "create": ([], _create),
    "stop": ([_create], _stop),
    "rename": ([_create], _rename),
    "recreate": ([_create_with_data], _recreate),
    "delete": ([_create_with_data], _delete),
}
# How many calls there are at least to be cut, so that the matrix cannot become empty unseen.
CALLS = {
    ("create", "/"): 12,
    ("stop", "/"): 3,
    ("rename", "/"): 9,
    ("recreate", "/"): 9,
    ("delete", "/"): 12,
    ("create", "/client"): 4,
    ("rename", "/client"): 8,
    ("delete", "/client"): 6,
}


def _world(cloud: Cloud, mark: str, slug: str, running: bool, name: str = "box") -> None:
    """Just one of everything, in the one state that is wanted."""
    state, host = cloud.state(), f"{name}-{slug}.containers.localhost"
    container = Container.objects.select_related("status").get(tenant__slug=slug)
    assert docker_containers(mark) == sorted([container.engine_name, f"{mark}-{slug}-connector-1"])
    assert docker_networks(mark) == [f"{mark}-shared-connectors", f"{mark}-{slug}-tenant"]
    assert cloud.tunnels() == {f"warren-{mark}-{slug}"}
    assert state["routable"] == [container.status.hostname] == [host]
    (tunnel,) = (row for row in state["tunnels"].values() if row["deleted_at"] is None)
    assert [rule["hostname"] for rule in tunnel["config"]["ingress"] if "hostname" in rule] == [host]
    assert [row["fields"]["name"] for row in state["records"].values()] == [host]
    assert [app["fields"]["domain"] for app in state["apps"].values() if "*" not in app["fields"]["domain"]] == [host]
    assert container.status.state == ("running" if running else "exited")
    assert container.status.observed_generation == container.generation


def _name(slug: str) -> str:
    return Container.objects.get(tenant__slug=slug).engine_name


def _nothing(cloud: Cloud, mark: str) -> None:
    assert docker_containers(mark) == []
    assert docker_volumes(mark) == []
    assert docker_networks(mark) == [f"{mark}-shared-connectors"]
    assert cloud.tunnels() == set()
    assert cloud.hostnames() == set()
    assert [name for name in cloud.applications() if "*" not in name] == []
    assert not Container.objects.living().exists()


# Every way to end for what every installation does all day. What is made of the same calls is cut once each way.
SCENES = [
    *((case, "guarded", mode) for case in ("create", "delete") for mode in MODES),
    *(("stop", "guarded", mode) for mode in ("killed after", "answer lost")),
    # Before a call it stands outside as it did after the one before, and after it alike whatever became of the answer:
    # for what may be open these are one moment.
    *((case, "without the guard", "killed after") for case in ("create", "delete")),
    ("rename", "without the guard", "killed after"),
    ("recreate", "guarded", "killed after"),
]


@pytest.mark.parametrize(("case", "guard", "mode"), SCENES, indirect=["guard"])
def test_any_call_may_be_the_last(
    case: str, mode: str, guard: str, owner: User, workers: Workers, wire: Wire, cloud: Cloud, docker_mark: str
) -> None:
    before, act = CASES[case]
    below = "/" if guard == "guarded" else "/client"  # the guard is nothing to Docker
    number, struck = 0, []
    while True:
        number += 1
        slug = f"t{number}"
        for earlier in before:
            earlier(owner, slug)
            workers.run()
        if case == "recreate":
            docker_put(_name(slug), "/data/mine", slug.encode())
        act(owner, slug)
        wire.arm(number, mode, workers.fork(), below)
        ended = workers.wait()
        reached = wire.struck
        wire.disarm()
        if ended:
            assert reached, "the worker ended by itself, and not well"
            workers.run()
        if case == "delete":
            _nothing(cloud, docker_mark)
        else:
            _world(cloud, docker_mark, slug, case != "stop", "vase" if case == "rename" else "box")
            if case == "recreate":
                assert docker_get(_name(slug), "/data/mine") == slug.encode()
                assert len(docker_volumes(docker_mark)) == 1
            _delete(owner, slug)
            workers.run()
            _nothing(cloud, docker_mark)
        assert cloud.state()["violations"] == []
        if not reached:
            break
        struck.append(reached)
    assert len(struck) >= CALLS[case, below], struck
