"""Changes what a container may use while it runs."""

from typing import Any

from docker import APIClient
from docker.errors import APIError

from containers.engine.base import MemoryInUse
from containers.engine.hostconfig import cpu_limit
from tenants.models.plan import MIB


def update_limits(api: APIClient, name: str, memory: int, cpu: int) -> None:
    """The CPU first, which is never refused; then memory with swap in one call, as at creation: the engine refuses a
    memory limit above that of both.

    A memory limit below what is used now is refused by cgroup v1; v2 would end processes to get there. So it is
    looked at first, and said in one way on both.
    """
    quota = cpu_limit(cpu)
    api.update_container(name, cpu_period=quota["CpuPeriod"], cpu_quota=quota["CpuQuota"])
    facts = api.inspect_container(name)
    if facts["State"]["Running"] and memory < facts["HostConfig"]["Memory"]:
        used = _used(api.stats(name, stream=False, one_shot=True))
        if used > memory:
            raise _in_use(memory, used)
    try:
        api.update_container(name, mem_limit=memory, memswap_limit=memory)
    except APIError as exc:
        said = str(exc.explanation)
        if "memory" in said and ("busy" in said or "current usage" in said):  # it grew since it was looked at
            raise _in_use(memory) from exc
        raise


def _used(stats: Any) -> int:
    """Bytes that the kernel can't take back: without the cached files that nothing has touched for a while."""
    seen = stats.get("memory_stats", {})
    details = seen.get("stats", {})
    cached = details.get("total_inactive_file", details.get("inactive_file", 0))
    return int(seen.get("usage", 0)) - int(cached)


def _in_use(memory: int, used: int | None = None) -> MemoryInUse:
    now = f"uses {used // MIB} MiB" if used else "uses more"
    return MemoryInUse(
        f"The container {now} now and was to be left with {memory // MIB} MiB. Its limit stays as it was: "
        "stop it and start it again to apply the new one, or choose more memory."
    )
