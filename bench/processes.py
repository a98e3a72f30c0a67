"""What processes use, by the kernel's own account."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

PAGE = os.sysconf("SC_PAGE_SIZE")


def cpu(pids: Iterable[int]) -> int:
    """Nanoseconds that all their threads have run. One that has ended counts no more: take differences over moments
    at which the threads are the same, as those of a program that has warmed up are."""
    total = 0
    for pid in pids:
        for thread in Path(f"/proc/{pid}/task").iterdir():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it ended just now
                total += int((thread / "schedstat").read_text().split()[0])
    return total


def resident(pid: int) -> int:
    """Bytes."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE


def calm(idle: float = 0.9, over: float = 0.5, limit: float = 30.0) -> None:
    """Returns once the machine's processors had so little to do for a moment: what was taken away goes on after the
    answer that it is gone, and would count as the work of whoever is measured next. Raises where that never comes."""
    deadline = time.monotonic() + limit
    while True:
        before = _ticks()
        time.sleep(over)
        busy, every = (now - then for now, then in zip(_ticks(), before, strict=True))
        if busy <= (1 - idle) * every:
            return
        assert time.monotonic() < deadline, "something else keeps this machine busy"


def _ticks() -> tuple[int, int]:
    """Of all processors since the machine's start: at work, and all."""
    user, nice, system, idle, waiting, *others = map(int, Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9])
    busy = user + nice + system + sum(others)
    return busy, busy + idle + waiting


def engine() -> list[int]:
    """dockerd, and containerd where it is its child; a shim of each container is neither."""
    address = urlsplit(os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock").path
    with socket.socket(socket.AF_UNIX) as peer:
        peer.connect(address)
        dockerd = int.from_bytes(peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)[:4], "little")
    if _name(dockerd) != "dockerd":  # systemd listens for it
        (dockerd,) = (pid for pid in _all() if _name(pid) == "dockerd")
    return [dockerd, *(pid for pid in _all() if _parent(pid) == dockerd and _name(pid) == "containerd")]


def _all() -> list[int]:
    return [int(folder.name) for folder in Path("/proc").iterdir() if folder.name.isdigit()]


def _name(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/comm").read_text().strip()
    return ""


def _parent(pid: int) -> int:
    with contextlib.suppress(OSError):
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    return 0


@contextlib.contextmanager
def program(*command: str, log: Path, **environment: str) -> Iterator[int]:
    """One of the installation's own; its pid."""
    with log.open("ab") as output:
        process = subprocess.Popen(command, env=os.environ | environment, stdout=output, stderr=output)
    try:
        yield process.pid
        assert process.poll() is None, f"{command} has ended: {log.read_text()[-2000:]}"
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextlib.contextmanager
def web(application: str, log: Path, **environment: str) -> Iterator[tuple[int, int]]:
    """Daphne, as production runs it, on a free port: its pid, and the port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = (sys.executable, "-m", "daphne", "-b", "127.0.0.1", "-p", str(port), application)
    with program(*command, log=log, **environment) as pid:
        deadline = time.monotonic() + 20
        while True:
            with contextlib.suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)):
                break
            assert time.monotonic() < deadline, log.read_text()[-2000:]
            time.sleep(0.05)
        yield pid, port
