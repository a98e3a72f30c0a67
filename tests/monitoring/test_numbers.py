"""What is read of cgroup files of both kinds, what becomes of it, and what `status/` tells."""

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from containers.engine.memory import MemoryEngine
from containers.models import Container, ContainerStatus, Template
from monitoring import tasks
from monitoring.agent.measuring import numbers
from monitoring.models import Incident, Kind, Sample
from monitoring.sources import Reading, cpu_percent
from monitoring.sources.cgroups import Cgroups
from tenants.models import Tenant, User
from tests.conftest import converge

ID = "a" * 64
BLOCK = "blkio.throttle.io_service_bytes"
NET = """Inter-|   Receive                           |  Transmit
 face |bytes packets errs drop fifo frame compressed multicast|bytes packets errs drop fifo colls carrier compressed
    lo:   500  1 0 0 0 0 0 0   500  1 0 0 0 0 0 0
  eth0:  1000 10 0 0 0 0 0 0  2000 20 0 0 0 0 0 0
  eth1:    11  1 0 0 0 0 0 0    22  2 0 0 0 0 0 0
"""


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def counters(read: Reading) -> tuple[int, ...]:
    """All but the moment."""
    return tuple(getattr(read, name) for name in Reading.__slots__ if name != "at")


def version_2(root: Path, driver: str = f"docker/{ID}") -> Cgroups:
    write(
        root,
        {
            "cgroup/cgroup.controllers": "cpu io memory pids",
            f"cgroup/{driver}/memory.max": "1048576\n",
            f"cgroup/{driver}/memory.current": "700\n",
            f"cgroup/{driver}/memory.stat": "anon 400\ninactive_file 300\n",
            f"cgroup/{driver}/cpu.stat": "usage_usec 5\nuser_usec 1\n",
            f"cgroup/{driver}/pids.current": "3\n",
            f"cgroup/{driver}/cgroup.procs": "42\n43\n",
            f"cgroup/{driver}/io.stat": "8:0 rbytes=1 wbytes=20 rios=9 wios=9 dbytes=9\n259:0 rbytes=4 wbytes=0\n",
            "proc/42/net/dev": NET,
        },
    )
    return Cgroups(root / "cgroup", root / "proc")


def version_1(root: Path, driver: str = f"docker/{ID}") -> Cgroups:
    write(
        root,
        {
            f"cgroup/memory/{driver}/memory.limit_in_bytes": "9223372036854771712\n",
            f"cgroup/memory/{driver}/memory.usage_in_bytes": "700\n",
            f"cgroup/memory/{driver}/memory.stat": "cache 9\ninactive_file 1\ntotal_inactive_file 300\n",
            f"cgroup/cpuacct/{driver}/cpuacct.usage": "123\n",
            f"cgroup/pids/{driver}/pids.current": "3\n",
            f"cgroup/pids/{driver}/cgroup.procs": "42\n",
            f"cgroup/blkio/{driver}/{BLOCK}": "8:0 Read 5\n8:0 Write 20\n8:0 Sync 9\nTotal 25\n",
            "proc/42/net/dev": NET,
        },
    )
    return Cgroups(root / "cgroup", root / "proc")


@pytest.mark.parametrize("driver", [f"docker/{ID}", f"system.slice/docker-{ID}.scope"])
def test_version_2(tmp_path: Path, driver: str) -> None:
    assert counters(version_2(tmp_path, driver).read(ID)) == (5000, 400, 1048576, 1011, 2022, 5, 20, 3)
    (tmp_path / "cgroup" / driver / "memory.max").write_text("max\n")
    assert Cgroups(tmp_path / "cgroup", tmp_path / "proc").read(ID).memory_limit == 0


@pytest.mark.parametrize("driver", [f"docker/{ID}", f"system.slice/docker-{ID}.scope"])
def test_version_1(tmp_path: Path, driver: str) -> None:
    assert counters(version_1(tmp_path, driver).read(ID)) == (123, 400, 0, 1011, 2022, 5, 20, 3)


@pytest.mark.parametrize("tree", [version_1, version_2])
async def test_files_stay_open_while_it_runs(tmp_path: Path, tree: Any) -> None:
    def ours() -> int:
        links = (f"/proc/self/fd/{name}" for name in os.listdir("/proc/self/fd"))
        return sum(str(tmp_path) in os.readlink(link) for link in links if os.path.islink(link))

    cgroups = tree(tmp_path)
    for _ in range(3):
        assert list(await cgroups.read_all({"box": ID})) == ["box"]
        assert ours() == 7
    (tmp_path / "proc/42/net/dev").write_text("")
    assert (await cgroups.read_all({"box": ID}))["box"].network_rx == 0, "read anew each time"
    assert await cgroups.read_all({}) == {}
    assert ours() == 0


async def test_a_kernel_without_the_block_controller(tmp_path: Path) -> None:
    cgroups = version_2(tmp_path)
    (tmp_path / "cgroup" / "docker" / ID / "io.stat").unlink()
    assert counters(cgroups.read(ID))[5:] == (0, 0, 3)


def test_what_is_gone_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="no memory cgroup"):
        Cgroups(tmp_path, tmp_path).read(ID)


def reading(at: float, cpu: int) -> Reading:
    return Reading(at, cpu, 0, 0, 0, 0, 0, 0, 0)


@pytest.mark.parametrize(
    ("before", "now", "percent"),
    [
        (None, reading(1.0, 5), None),
        (reading(1.0, 0), reading(3.0, 1_000_000_000), 50.0),
        (reading(1.0, 0), reading(2.0, 2_000_000_000), 200.0),
        (reading(1.0, 9), reading(2.0, 3), None),
        (reading(1.0, 0), reading(1.0, 3), None),
        (reading(1.0, 0), reading(1_000_000.0, 3), None),
    ],
    ids=["first", "half", "two cores", "restarted", "same moment", "another clock"],
)
def test_cpu_percent(before: Reading | None, now: Reading, percent: float | None) -> None:
    assert cpu_percent(before, now) == percent


def test_numbers_as_web_processes_are_told_them() -> None:
    assert numbers(reading(1.0, 0), Reading(2.0, 10_000_000, 512, 2048, 1, 2, 3, 4, 5)) == {
        "cpu_percent": 1.0,
        "memory": {"used": 512, "limit": 2048, "percent": 25.0},
        "network": {"rx": 1, "tx": 2},
        "block": {"read": 3, "write": 4},
        "pids": 5,
    }
    assert numbers(None, Reading(2.0, 1, 512, 0, 1, 2, 3, 4, 5))["memory"]["percent"] == 0.0


@pytest.fixture
def box(owner: User, tenant: Tenant, template: Template, memory: MemoryEngine, zone: Any) -> Container:
    from containers import admission

    made = admission.create(actor=owner, tenant=tenant, template=template, name="box")
    converge()
    return made


def status(owner: User, box: Container) -> Any:
    client = APIClient()
    client.force_authenticate(owner)
    return client.get(f"/api/v1/containers/{box.pk}/status/").json()


@pytest.mark.django_db
def test_status_tells_the_newest_sample(owner: User, box: Container) -> None:
    now = timezone.now()
    Sample.objects.create(
        container=box,
        sampled_at=now,
        cpu_percent=12.5,
        memory_used=512,
        memory_limit=2048,
        network_rx=1,
        network_tx=2,
        block_read=3,
        block_write=4,
        pids=5,
    )
    body = status(owner, box)
    assert body.pop("uptime") >= 0
    assert body.pop("sampled_at")
    assert body == {
        "state": "running",
        "health": "degraded",
        "cpu_percent": 12.5,
        "memory": {"used": 512, "limit": 2048, "percent": 25.0},
        "network": {"rx": 1, "tx": 2},
        "block": {"read": 3, "write": 4},
        "pids": 5,
    }


@pytest.mark.django_db
@pytest.mark.parametrize("why", ["none", "old", "stopped"])
def test_status_shows_no_number_that_says_nothing_about_now(owner: User, box: Container, why: str) -> None:
    if why != "none":
        age = timedelta(minutes=5 if why == "old" else 0)
        Sample.objects.create(
            container=box, sampled_at=timezone.now() - age, memory_used=1, memory_limit=1, network_rx=1, network_tx=1
        )
    if why == "stopped":
        ContainerStatus.objects.update(state="exited")
    body = status(owner, box)
    assert body["cpu_percent"] is body["memory"]["used"] is body["network"]["rx"] is body["sampled_at"] is None
    assert body["block"]["write"] is body["pids"] is None
    assert body["memory"]["limit"] == box.memory


@pytest.mark.django_db
def test_what_happened_is_kept_for_a_while(box: Container, monkeypatch: pytest.MonkeyPatch, settings) -> None:
    monkeypatch.setattr(tasks, "INCIDENTS", 3)
    monkeypatch.setattr(tasks, "PART", 1)
    now = timezone.now()
    for days in (0, 1, 2, 29, 31):
        Incident.objects.create(container=box, at=now - timedelta(days=days), kind=Kind.DIED, exit_code=days)
    settings.EVENTS_DAYS = 0
    tasks.prune_incidents()
    assert [row.exit_code for row in box.incidents.all()] == [0, 1, 2], "the newest of each container"
    settings.EVENTS_DAYS = 2
    tasks.prune_incidents()
    assert [row.words for row in box.incidents.all()] == ["ended with exit code 0", "ended with exit code 1"]
