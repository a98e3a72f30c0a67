"""Measures containers by the host's cgroup files and /proc: no call to the engine per container.

Read where this process sees the engine's cgroups; both hierarchies, v1 and v2, with Docker's `cgroupfs` and `systemd`
drivers. Field names as in the kernel's Documentation/admin-guide/cgroup-v{1,2}. Files stay open: to open one costs ten
times what reading it does.
"""

import asyncio
import os
import resource
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from monitoring.sources import Reading

ROOT = Path("/sys/fs/cgroup")
NO_LIMIT = 2**62  # v1 writes a number near 2**63 where there is no limit
SPARED = 512  # descriptors that are left for everything else
AT_ONCE = 20  # containers read in one go, a few milliseconds; then others in the loop get their turn


@dataclass(frozen=True, slots=True)
class _Version:
    """Where a hierarchy keeps what, as (controller, file), and what it looks like there."""

    cpu: tuple[str, str]
    memory: tuple[str, str]
    statistics: tuple[str, str]
    limit: tuple[str, str]
    pids: tuple[str, str]
    block: tuple[str, str]
    cache: bytes
    cpu_ns: Callable[[bytes], int]
    block_bytes: Callable[[bytes], tuple[int, int]]


class Cgroups:
    def __init__(self, root: Path = ROOT, proc: Path = Path("/proc")) -> None:
        self._root, self._proc = root, proc
        self._held: dict[str, _Files] = {}

    async def read_all(self, running: Mapping[str, str]) -> dict[str, Reading]:
        self.keep(running.values())
        found = {}
        for number, (ours, engine_id) in enumerate(running.items(), 1):
            with suppress(OSError):
                found[ours] = self.read(engine_id)
            if number % AT_ONCE == 0:
                await asyncio.sleep(0)
        return found

    def read(self, engine_id: str) -> Reading:
        """Raises `OSError` when the container is gone, or its cgroups are not to be seen from here."""
        if engine_id in self._held:
            try:
                return self._held[engine_id].read()
            except OSError:  # it ended, and may have been started again
                self._held.pop(engine_id).close()
        files = _Files(self._version, lambda controller: self._folder(controller, engine_id), self._proc)
        try:
            return files.read()
        finally:
            if len(self._held) < self._room:
                self._held[engine_id] = files
            else:
                files.close()

    def keep(self, engine_ids: Collection[str]) -> None:
        """Close the files of all others."""
        for engine_id in self._held.keys() - set(engine_ids):
            self._held.pop(engine_id).close()

    @cached_property
    def _room(self) -> int:
        """Containers whose files may stay open."""
        soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        return 100_000 if soft == resource.RLIM_INFINITY else max(0, (soft - SPARED) // 7)

    @cached_property
    def _version(self) -> _Version:
        return V2 if (self._root / "cgroup.controllers").exists() else V1

    def _folder(self, controller: str, engine_id: str) -> Path:
        base = self._root / controller if self._version is V1 else self._root
        for name in (f"docker/{engine_id}", f"system.slice/docker-{engine_id}.scope"):
            if (base / name).is_dir():
                return base / name
        raise FileNotFoundError(f"no {controller} cgroup of {engine_id[:12]}")


class _Files:
    """The open files of one container; raises `OSError` where one is not there."""

    def __init__(self, version: _Version, folder: Callable[[str], Path], proc: Path) -> None:
        self._version = version
        self._open: list[int] = []
        try:
            self._limit, self._memory, self._statistics, self._cpu, self._pids = (
                self._opened(folder(controller) / name)
                for controller, name in (version.limit, version.memory, version.statistics, version.cpu, version.pids)
            )
            self._network = self._opened(proc / _first(folder(version.pids[0])) / "net" / "dev")
            self._block: int | None = None
            with suppress(FileNotFoundError):  # a kernel or a hierarchy without this controller counts none
                self._block = self._opened(folder(version.block[0]) / version.block[1])
        except OSError:
            self.close()
            raise

    def _opened(self, path: Path) -> int:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self._open.append(descriptor)
        return descriptor

    def close(self) -> None:
        while self._open:
            os.close(self._open.pop())

    def read(self) -> Reading:
        version = self._version
        at, cpu = time.monotonic(), _content(self._cpu)
        limit = _content(self._limit).strip()
        rx, tx = _network(_content(self._network))
        read, written = (0, 0) if self._block is None else version.block_bytes(_content(self._block))
        # Page cache that can be dropped at any time is no use of memory; `docker stats` says so, too.
        used = int(_content(self._memory)) - _field(_content(self._statistics), version.cache)
        return Reading(
            at=at,
            cpu_ns=version.cpu_ns(cpu),
            memory_used=max(0, used),
            memory_limit=0 if limit == b"max" or int(limit) >= NO_LIMIT else int(limit),
            network_rx=rx,
            network_tx=tx,
            block_read=read,
            block_write=written,
            pids=int(_content(self._pids)),
        )


def _content(descriptor: int) -> bytes:
    return os.pread(descriptor, 16384, 0)


def _first(folder: Path) -> str:
    """A process of the container; all of them are in its network namespace."""
    pids = (folder / "cgroup.procs").read_text().split(maxsplit=1)
    if not pids:
        raise FileNotFoundError(f"no process in {folder}")
    return pids[0]


def _field(content: bytes, name: bytes) -> int:
    start = (b"\n" + content).find(b"\n" + name + b" ")
    if start < 0:
        raise FileNotFoundError(f"no {name.decode()}")
    return int(content[start + len(name) + 1 :].split(maxsplit=1)[0])


def _network(content: bytes) -> tuple[int, int]:
    """Received and sent bytes of all interfaces but loopback."""
    rx = tx = 0
    for line in content.splitlines()[2:]:
        name, _, counters = line.partition(b":")
        if name.strip() != b"lo":
            fields = counters.split()
            rx, tx = rx + int(fields[0]), tx + int(fields[8])
    return rx, tx


def _block_1(content: bytes) -> tuple[int, int]:
    """`8:0 Read 4096`, a line for each device and operation."""
    read = written = 0
    for line in content.splitlines():
        if b" Read " in line:
            read += int(line.rpartition(b" ")[2])
        elif b" Write " in line:
            written += int(line.rpartition(b" ")[2])
    return read, written


def _block_2(content: bytes) -> tuple[int, int]:
    """`8:0 rbytes=4096 wbytes=0 rios=1 …`, a line for each device."""
    read = written = 0
    for word in content.split():
        if word.startswith(b"rbytes="):
            read += int(word[7:])
        elif word.startswith(b"wbytes="):
            written += int(word[7:])
    return read, written


V1 = _Version(
    cpu=("cpuacct", "cpuacct.usage"),
    memory=("memory", "memory.usage_in_bytes"),
    statistics=("memory", "memory.stat"),
    limit=("memory", "memory.limit_in_bytes"),
    pids=("pids", "pids.current"),
    block=("blkio", "blkio.throttle.io_service_bytes"),
    cache=b"total_inactive_file",
    cpu_ns=int,
    block_bytes=_block_1,
)
V2 = _Version(
    cpu=("cpu", "cpu.stat"),
    memory=("memory", "memory.current"),
    statistics=("memory", "memory.stat"),
    limit=("memory", "memory.max"),
    pids=("pids", "pids.current"),
    block=("io", "io.stat"),
    cache=b"inactive_file",
    cpu_ns=lambda content: _field(content, b"usage_usec") * 1000,
    block_bytes=_block_2,
)
