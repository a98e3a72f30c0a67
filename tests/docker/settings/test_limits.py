"""Limits on the real engine: changed without a restart, and what is in use is not taken away."""

from pathlib import Path

import docker
import pytest
from rest_framework.test import APIClient

from tests.conftest import converge
from tests.docker.settings.conftest import MIB, B, inside, seen
from tests.parts import wait_until

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


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
