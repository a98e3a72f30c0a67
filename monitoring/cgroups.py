"""Measures containers by the host's cgroup files and /proc: no call to the engine per container.

Read where this process sees the engine's cgroups; both hierarchies, v1 and v2, with Docker's `cgroupfs` and `systemd`
drivers. Field names as in the kernel's Documentation/admin-guide/cgroup-v{1,2}.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
NO_LIMIT = 2**62  # v1 writes a number near 2**63 where there is no limit


@dataclass(frozen=True, slots=True)
class Reading:
    """Counters at one moment: nanoseconds of CPU, bytes."""

    cpu_ns: int
    memory_used: int
    memory_limit: int
    network_rx: int
    network_tx: int
    pids: int


class Cgroups:
    def __init__(self, root: Path = ROOT, proc: Path = Path("/proc")) -> None:
        self._root, self._proc = root, proc

    @cached_property
    def _unified(self) -> bool:
        return (self._root / "cgroup.controllers").exists()

    def _folder(self, controller: str, container_id: str) -> Path:
        base = self._root if self._unified else self._root / controller
        for name in (f"docker/{container_id}", f"system.slice/docker-{container_id}.scope"):
            if (base / name).is_dir():
                return base / name
        raise FileNotFoundError(f"no {controller} cgroup of {container_id[:12]}")

    def read(self, container_id: str) -> Reading:
        """Raises `OSError` when the container is gone, or its cgroups are not to be seen from here."""
        return self._read_v2(container_id) if self._unified else self._read_v1(container_id)

    def _read_v2(self, container_id: str) -> Reading:
        folder = self._folder("", container_id)
        limit = (folder / "memory.max").read_text().strip()
        rx, tx = self._network(folder)
        return Reading(
            cpu_ns=_field(folder / "cpu.stat", "usage_usec") * 1000,
            memory_used=_without_cache(folder / "memory.current", folder / "memory.stat", "inactive_file"),
            memory_limit=0 if limit == "max" else int(limit),
            network_rx=rx,
            network_tx=tx,
            pids=int((folder / "pids.current").read_text()),
        )

    def _read_v1(self, container_id: str) -> Reading:
        memory = self._folder("memory", container_id)
        limit = int((memory / "memory.limit_in_bytes").read_text())
        pids = self._folder("pids", container_id)
        rx, tx = self._network(pids)
        return Reading(
            cpu_ns=int((self._folder("cpuacct", container_id) / "cpuacct.usage").read_text()),
            memory_used=_without_cache(memory / "memory.usage_in_bytes", memory / "memory.stat", "total_inactive_file"),
            memory_limit=0 if limit >= NO_LIMIT else limit,
            network_rx=rx,
            network_tx=tx,
            pids=int((pids / "pids.current").read_text()),
        )

    def _network(self, folder: Path) -> tuple[int, int]:
        """Received and sent bytes of all interfaces but loopback, in the namespace of the first process."""
        pid = (folder / "cgroup.procs").read_text().split(maxsplit=1)[0:1]
        if not pid:
            raise FileNotFoundError(f"no process in {folder}")
        rx = tx = 0
        for line in (self._proc / pid[0] / "net" / "dev").read_text().splitlines()[2:]:
            name, _, counters = line.partition(":")
            if name.strip() != "lo":
                fields = counters.split()
                rx, tx = rx + int(fields[0]), tx + int(fields[8])
        return rx, tx


def _field(path: Path, name: str) -> int:
    for line in path.read_text().splitlines():
        key, _, value = line.partition(" ")
        if key == name:
            return int(value)
    raise FileNotFoundError(f"{path} has no {name}")


def _without_cache(usage: Path, stat: Path, cache: str) -> int:
    """What `docker stats` shows as well: page cache that can be dropped at any time is no use of memory."""
    return max(0, int(usage.read_text()) - _field(stat, cache))
