"""Shells that the agent starts in containers, and how they are ended.

When its client goes, the engine leaves a program that it was asked to execute as it is. So a shell tells its process
id before anything else, and it is ended from inside: by one more shell, which only sends signals. That has the rights
of the container's own user; nothing in a container is ever run with more.
"""

import asyncio
import contextlib
import logging
import re
from collections.abc import Iterable
from typing import Any

from aiodocker import Docker, DockerError
from aiodocker.execs import Exec

log = logging.getLogger(__name__)

MARK = "WARREN_TERMINAL"  # in the environment of a terminal's shell: the key of its row
SHELL = "echo $$; if command -v bash >/dev/null 2>&1; then exec bash; fi; exec sh"
# The engine takes these keys for itself, and holds back what may be their beginning: so nothing that people type.
DETACH = ",".join(["ctrl-^", "ctrl-_", "ctrl-^", "ctrl-@", "ctrl-_", "ctrl-@", "ctrl-^", "ctrl-_"] * 2)
# Ends all of the sessions that the process ids begin, and of those whose ids are not known, what bears their mark.
# By what is built into every shell: an image need not have more.
END = f"""\
signal=$1
shift
found=
for folder in /proc/[0-9]*; do
    pid=${{folder#/proc/}}
    [ "$pid" = $$ ] && continue
    session=
    if read -r words <"$folder/stat"; then
        words=${{words##*) }}
        words=${{words#* * * }}
        session=${{words%% *}}
    fi
    marks=
    for which; do
        case $which in
        *-*)
            if [ -z "$marks" ]; then
                marks=none
                while read -r words || [ -n "$words" ]; do
                    case $words in *{MARK}=*) marks=$words ;; esac
                    words=
                done <"$folder/environ"
            fi
            case $marks in *{MARK}="$which"*) found="$found $pid" ;; esac
            ;;
        "$session") found="$found $pid" ;;
        esac
    done
done 2>/dev/null
[ -z "$found" ] || kill -s "$signal" $found 2>/dev/null
"""
FIRST_LINE = re.compile(rb"\s*(\d+)\r?\n")
LONGEST_FIRST = 4096  # bytes
LIMIT, GRACE = 10.0, 0.5  # seconds for one call; between asking a shell to end and ending it
TOGETHER = 0.02  # seconds in which shells that are to end are gathered
STARTING = 1.5  # seconds in which one that was asked for has begun, or never will


class NoShell(Exception):
    """The container's image has none, or it could not be started."""


class Connection:
    """A terminal's two ends at the engine."""

    def __init__(self, shell: Exec) -> None:
        self._stream = shell.start()

    async def first(self) -> tuple[int, bytes]:
        """The shell's process id, and what came behind it. Raises `NoShell`."""
        said = b""
        async with asyncio.timeout(LIMIT):
            while b"\n" not in said and len(said) < LONGEST_FIRST and (more := await self.read()):
                said += more
        found = FIRST_LINE.match(said)
        if found is None:
            raise NoShell
        return int(found[1]), said[found.end() :]

    async def read(self) -> bytes:
        """Empty at the end."""
        message = await self._stream.read_out()
        return message.data if message else b""

    async def write(self, data: bytes) -> None:
        """Waits while the program does not read."""
        await self._stream.write_in(data)

    async def close(self) -> None:
        with contextlib.suppress(AssertionError):  # aiodocker's, of a connection that the engine has closed before
            await self._stream.close()


async def shell(docker: Docker, container: str, mark: str) -> Exec:
    """A terminal's shell, not yet started."""
    async with asyncio.timeout(LIMIT):
        return await docker.containers.container(container).exec(
            ["/bin/sh", "-c", SHELL],
            stdin=True,
            tty=True,
            environment={"TERM": "xterm-256color", MARK: mark},
            detach_keys=DETACH,
        )


async def state(docker: Docker, exec_id: str) -> dict[str, Any] | None:
    """What the engine says of it; None where it knows it no more."""
    async with asyncio.timeout(LIMIT):
        try:
            return await docker.containers.exec(exec_id).inspect()
        except (DockerError, AssertionError) as exc:
            if isinstance(exc, DockerError) and exc.status != 404:
                raise
            return None


async def begun(docker: Docker, exec_id: str) -> bool:
    """Whether it runs, or has run; waits for one whose start may be under way."""
    deadline = asyncio.get_running_loop().time() + STARTING
    while facts := await state(docker, exec_id):
        if facts["Running"] or facts["ExitCode"] is not None:
            return True
        if asyncio.get_running_loop().time() > deadline:
            break
        await asyncio.sleep(0.1)
    return False


async def running(docker: Docker, exec_ids: Iterable[str]) -> set[str]:
    found = {exec_id: await state(docker, exec_id) for exec_id in exec_ids}
    return {exec_id for exec_id, facts in found.items() if facts and facts["Running"]}


async def end(docker: Docker, container: str, shells: dict[str, str]) -> set[str]:
    """End these, by their exec ids; the values are process ids, or marks where those are not known.

    Two calls for as many as there are, in one container. Returns those that are left all the same.
    """
    left = await running(docker, shells)
    for signal in ("HUP", "KILL"):
        if not left:
            break
        await _signal(docker, container, signal, [shells[exec_id] for exec_id in sorted(left)])
        deadline = asyncio.get_running_loop().time() + GRACE
        while left and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(0.05)
            left = await running(docker, left)
    return left


class Endings:
    """Shells of one container that are to end at about the same time are ended together."""

    def __init__(self) -> None:
        self._gathering: dict[str, tuple[dict[str, str], asyncio.Task[set[str]]]] = {}

    async def end(self, docker: Docker, container: str, exec_id: str, which: str) -> bool:
        """Whether it has ended."""
        if container not in self._gathering:
            self._gathering[container] = {}, asyncio.create_task(self._together(docker, container))
        shells, ending = self._gathering[container]
        shells[exec_id] = which
        return exec_id not in await asyncio.shield(ending)

    async def _together(self, docker: Docker, container: str) -> set[str]:
        await asyncio.sleep(TOGETHER)
        return await end(docker, container, self._gathering.pop(container)[0])


async def _signal(docker: Docker, container: str, signal: str, which: list[str]) -> None:
    async with asyncio.timeout(LIMIT):
        try:
            kill = await docker.containers.container(container).exec(["/bin/sh", "-c", END, "sh", signal, *which])
            async with kill.start() as said:
                while await said.read_out() is not None:
                    pass
        except (DockerError, AssertionError) as exc:  # the container has ended, and all in it
            log.debug("%s was not sent in %s: %s", signal, container, exc)
