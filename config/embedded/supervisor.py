"""Keeps a few programs running: starts them, restarts what dies, and ends them all, whatever happens to itself."""

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

STOP_SECONDS = 2.0  # an idle program needs 0.3 s of CPU to end, and all of them end at once
STEADY_SECONDS = 10.0  # a program that ran so long may be restarted at once
MAX_LOG = 5_000_000  # bytes after which a log is put aside at the next start
_PR_SET_PDEATHSIG = 1  # <linux/prctl.h>


@dataclass(frozen=True, slots=True)
class Program:
    name: str
    command: Sequence[str]
    environment: Mapping[str, str]


class Supervisor:
    """`say` gets one line at a time for people. Each program's output goes to `<logs>/<name>.log`."""

    def __init__(self, logs: Path, say: Callable[[str], None]) -> None:
        self._logs, self._say = logs, say
        self._running: dict[str, asyncio.subprocess.Process] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        logs.mkdir(mode=0o700, exist_ok=True)

    async def start(self, program: Program) -> None:
        self._rotate(program.name)
        await self._spawn(program)
        self._tasks.add(asyncio.create_task(self._keep(program)))

    async def stop(self) -> None:
        """All at once; whoever has not ended in time is killed: every one of them can take that.

        Nothing is started from here on; what is just being started when its keeper is cancelled, asyncio ends itself.
        """
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for process in self._running.values():
            _signal(process, signal.SIGTERM)
        waiting = [asyncio.create_task(process.wait()) for process in self._running.values()]
        if waiting:
            await asyncio.wait(waiting, timeout=STOP_SECONDS)
        for process in self._running.values():
            _signal(process, signal.SIGKILL)
        await asyncio.gather(*waiting)

    async def _spawn(self, program: Program) -> asyncio.subprocess.Process:
        descriptor = os.open(self._path(program.name), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            process = await asyncio.create_subprocess_exec(
                *program.command,
                env=dict(program.environment),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=descriptor,
                stderr=descriptor,
                start_new_session=True,  # Ctrl-C in the terminal is for the supervisor alone
                preexec_fn=_die_with_parent,
            )
        finally:
            os.close(descriptor)
        self._running[program.name] = process
        return process

    async def _keep(self, program: Program) -> None:
        pause = 0.2
        while True:
            began = time.monotonic()
            code = await self._running[program.name].wait()
            pause = 0.2 if time.monotonic() - began > STEADY_SECONDS else min(10.0, pause * 2)
            self._say(f"{program.name} ended ({code}), starting it again; see {self._path(program.name)}")
            started = False
            while not started:
                await asyncio.sleep(pause)
                try:
                    await self._spawn(program)
                    started = True
                except OSError as exc:  # the machine has no memory left, say: for now
                    pause = min(10.0, pause * 2)
                    self._say(f"{program.name} could not be started: {exc}; it is tried again")

    def _path(self, name: str) -> Path:
        return self._logs / f"{name}.log"

    def _rotate(self, name: str) -> None:
        path = self._path(name)
        if path.exists() and path.stat().st_size > MAX_LOG:
            path.replace(path.with_suffix(".log.1"))


def _signal(process: asyncio.subprocess.Process, number: int) -> None:
    """To the program and all that it started."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)


def _die_with_parent() -> None:
    """In the child: ask the kernel to end it should the supervisor vanish without a word."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
