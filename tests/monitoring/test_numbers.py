"""What the agent reads and what `status/` tells: from cgroup files of both kinds, and from real containers."""

import time
from pathlib import Path
from typing import Any

import docker
import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from containers.engine.memory import MemoryEngine
from containers.models import Container, ContainerStatus, Template
from monitoring.agent import Agent
from monitoring.cgroups import Cgroups, Reading
from monitoring.models import Sample
from monitoring.sampling import Timed, cpu_percent
from tenants.models import Tenant, User
from tests.conftest import converge

ID = "a" * 64
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


@pytest.mark.parametrize("driver", [f"docker/{ID}", f"system.slice/docker-{ID}.scope"])
def test_version_2(tmp_path: Path, driver: str) -> None:
    write(
        tmp_path,
        {
            "cgroup/cgroup.controllers": "cpu memory pids",
            f"cgroup/{driver}/memory.max": "1048576\n",
            f"cgroup/{driver}/memory.current": "700\n",
            f"cgroup/{driver}/memory.stat": "anon 400\ninactive_file 300\n",
            f"cgroup/{driver}/cpu.stat": "usage_usec 5\nuser_usec 1\n",
            f"cgroup/{driver}/pids.current": "3\n",
            f"cgroup/{driver}/cgroup.procs": "42\n43\n",
            "proc/42/net/dev": NET,
        },
    )
    read = Cgroups(tmp_path / "cgroup", tmp_path / "proc").read(ID)
    assert read == Reading(5000, 400, 1048576, 1011, 2022, 3)


def test_version_1(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            f"cgroup/memory/docker/{ID}/memory.limit_in_bytes": "9223372036854771712\n",
            f"cgroup/memory/docker/{ID}/memory.usage_in_bytes": "700\n",
            f"cgroup/memory/docker/{ID}/memory.stat": "cache 9\ntotal_inactive_file 300\n",
            f"cgroup/cpuacct/docker/{ID}/cpuacct.usage": "123\n",
            f"cgroup/pids/docker/{ID}/pids.current": "3\n",
            f"cgroup/pids/docker/{ID}/cgroup.procs": "42\n",
            "proc/42/net/dev": NET,
        },
    )
    assert Cgroups(tmp_path / "cgroup", tmp_path / "proc").read(ID) == Reading(123, 400, 0, 1011, 2022, 3)


def test_what_is_gone_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="no memory cgroup"):
        Cgroups(tmp_path, tmp_path).read(ID)


def reading(cpu: int) -> Reading:
    return Reading(cpu, 0, 0, 0, 0, 0)


@pytest.mark.parametrize(
    ("before", "now", "percent"),
    [
        (None, Timed(1.0, reading(5)), None),
        (Timed(1.0, reading(0)), Timed(3.0, reading(1_000_000_000)), 50.0),
        (Timed(1.0, reading(0)), Timed(2.0, reading(2_000_000_000)), 200.0),
        (Timed(1.0, reading(9)), Timed(2.0, reading(3)), None),
        (Timed(1.0, reading(0)), Timed(1.0, reading(3)), None),
    ],
)
def test_cpu_percent(before: Timed | None, now: Timed, percent: float | None) -> None:
    assert cpu_percent(before, now) == percent


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
        container=box, sampled_at=now, cpu_percent=12.5, memory_used=512, memory_limit=2048, network_rx=1, network_tx=2
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
    }


@pytest.mark.django_db
@pytest.mark.parametrize("why", ["none", "old", "stopped"])
def test_status_shows_no_number_that_says_nothing_about_now(owner: User, box: Container, why: str) -> None:
    from datetime import timedelta

    if why != "none":
        age = timedelta(minutes=5 if why == "old" else 0)
        Sample.objects.create(
            container=box, sampled_at=timezone.now() - age, memory_used=1, memory_limit=1, network_rx=1, network_tx=1
        )
    if why == "stopped":
        ContainerStatus.objects.update(state="exited")
    body = status(owner, box)
    assert body["cpu_percent"] is body["memory"]["used"] is body["network"]["rx"] is body["sampled_at"] is None
    assert body["memory"]["limit"] == box.memory


@pytest.mark.django_db
def test_a_known_load_on_a_real_container(mark: str, docker_mark: str, owner: User, tenant: Tenant) -> None:
    """A burner with half a core and 30 MB in memory reads as that."""
    from containers import setup as containers_setup

    containers_setup.build_images()
    template = Template.objects.create(slug="echo", name="Echo", image="warren/echo:latest")
    row = Container.objects.create(
        tenant=tenant, template=template, name="burn", hostname="burn", image="x", port=1, memory=1, cpu=1, storage=1
    )
    client = docker.from_env()
    burner = client.containers.run(
        "warren/echo:latest",
        ["/bin/busybox", "sh", "-c", "/bin/busybox dd if=/dev/zero of=/dev/null bs=30M & while :; do :; done"],
        detach=True,
        labels={"warren.installation": docker_mark, "warren.container": str(row.pk)},
        cpu_period=100_000,
        cpu_quota=50_000,
        mem_limit=64 * 1024**2,
    )
    agent = Agent(1.0)
    time.sleep(0.5)
    assert agent.sample() == 1
    time.sleep(3)
    assert agent.sample() == 1
    sample = Sample.objects.get()
    assert sample.cpu_percent is not None
    assert 40 < sample.cpu_percent < 60
    assert 28_000_000 < sample.memory_used < 45_000_000
    assert sample.memory_limit == 64 * 1024**2
    assert sample.pids >= 2
    burner.remove(force=True)
    assert agent.sample() == 0
