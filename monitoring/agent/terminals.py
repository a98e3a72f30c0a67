"""Terminals: a shell in a container, its bytes both ways, and its end, which is certain."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from functools import partial

from aiodocker import DockerError
from aiodocker.execs import Exec
from django.conf import settings

from monitoring import terminals
from monitoring.agent import execs
from monitoring.agent.execs import Connection
from monitoring.agent.streams import AWAY, Over, Stream, Streams, stopped
from monitoring.live import wire
from monitoring.live.link import Message
from monitoring.live.windows import Inflow
from monitoring.models import Terminal as Row
from monitoring.models import TerminalQuerySet

log = logging.getLogger(__name__)

MOST = 1000  # columns, rows
EXITED = 2.0  # seconds in which the engine says how a shell ended whose output has ended
NOT_RUNNING = "The container does not run; start it first."
NO_SHELL = (
    "No shell could be started: the container's image has no /bin/sh, or the container no room for more processes. "
    "Recreate it to get its template's present image; if that has none either, ask whoever made the template."
)


class Terminal(Stream):
    def __init__(self, streams: Streams, message: Message) -> None:
        super().__init__(streams, message)
        self.row = str(message["terminal"])
        self._columns, self._rows = _size(message["columns"]), _size(message["rows"])
        self._exec: Exec | None = None
        self._engine_id, self._pid = "", 0
        self._inflow = Inflow()
        self._typed: deque[bytes] = deque()
        self._written = self._told = 0  # `_told`: up to where the web process knows what has arrived
        self._wakes = asyncio.Event()

    # --- From the browser ---------------------------------------------------------------------------------------

    def take(self, offset: int, data: bytes) -> None:
        if self._inflow.taken - self._written > 2 * wire.INPUT_WINDOW:
            return  # more than anybody may send unacknowledged; it will be sent again
        fresh = self._inflow.take(offset, data)
        if fresh:
            self.moved = time.monotonic()
            self._typed.append(fresh)
        self._wakes.set()  # also for a copy: its acknowledgement was lost

    def resize(self, columns: int, rows: int) -> None:
        self._columns, self._rows = _size(columns), _size(rows)
        self._wakes.set()

    def tick(self) -> None:
        if time.monotonic() - self.moved > settings.TERMINAL_IDLE_SECONDS:
            raise Over("idle", "Nothing was typed or shown for a while.")
        if self._told < self._inflow.taken:  # by a program that does not read: it is not to be sent again
            self.agent.spawn(self._acknowledge())

    # --- With the engine ----------------------------------------------------------------------------------------

    async def run(self) -> Over:
        connection = await self._begin()
        writing: asyncio.Task[None] | None = None
        try:
            try:
                self._pid, said = await connection.first()
            except execs.NoShell:
                raise Over("no_shell", NO_SHELL) from None
            await self._noted(partial(self._mine.update, pid=self._pid))
            writing = asyncio.create_task(self._write(connection))
            await self.say("stream.opened")
            while said or (said := await connection.read()):
                await self.outflow.write(said)
                said = b""
        finally:
            await connection.close()
            if writing is not None:
                await stopped(writing)
        return await self._exited()

    async def _begin(self) -> Connection:
        facts = await self.look()
        if facts is None:
            raise Over("absent", "The engine has no such container yet.")
        if not facts["State"]["Running"] or facts["State"]["Paused"]:
            raise Over("not_running", NOT_RUNNING)
        self._engine_id = facts["Id"]
        try:
            made = await execs.shell(self.agent.docker, self._engine_id, self.row)
        except DockerError as exc:
            if exc.status in {404, 409}:
                raise Over("not_running", NOT_RUNNING) from exc
            raise
        # Noted before it is started: whoever takes over from a killed agent finds it.
        claimed = Row.objects.open().filter(pk=self.row, exec_id="")
        if not await self.agent.in_database(lambda: claimed.update(exec_id=made.id)):
            raise Over("closed", "This terminal was opened before.")
        self._exec = made
        return Connection(made)

    async def _exited(self) -> Over:
        """Its output has ended, and so has the shell; the engine may need a moment to say how."""
        assert self._exec is not None
        deadline = time.monotonic() + EXITED
        while time.monotonic() < deadline:
            facts = await execs.state(self.agent.docker, self._exec.id)
            if facts is None:
                return Over("ended")
            if not facts["Running"]:
                return Over("ended", exit_code=facts["ExitCode"])
            await asyncio.sleep(0.05)
        raise Over("closed", "The connection to the shell broke off.")

    async def _write(self, connection: Connection) -> None:
        """Pass on what is typed, and the size, in the order in which it came."""
        size = (0, 0)
        while True:
            if size != (self._columns, self._rows):
                size = self._columns, self._rows
                await self._resize(*size)
            while self._typed:
                data = self._typed.popleft()
                await connection.write(data)
                self._written += len(data)
                await self._acknowledge()
            self._wakes.clear()
            await self._wakes.wait()
            if not self._typed:
                await self._acknowledge()

    async def _acknowledge(self) -> None:
        self._told = self._inflow.taken
        await self.say("stream.ack", offset=self._written, arrived=self._told)

    async def _resize(self, columns: int, rows: int) -> None:
        assert self._exec is not None
        try:
            async with asyncio.timeout(execs.LIMIT):
                await self._exec.resize(w=columns, h=rows)
        except (*AWAY, DockerError) as exc:
            log.debug("a terminal in %s was not resized: %s", self.name, exc)

    # --- Its end ------------------------------------------------------------------------------------------------

    async def release(self, over: Over) -> None:
        """End the shell where it has not ended itself; then the row, unless that did not work: `Leftovers` tries
        again."""
        try:
            if self._exec is not None and over.code != "ended" and not await self._end(self._exec):
                log.warning("a shell in %s goes on after its terminal was closed", self.name)
                return
            await self._noted(partial(terminals.end, self._mine, over.code))
        except (*AWAY, DockerError) as exc:
            log.warning("a shell in %s could not be ended: %s", self.name, exc)

    async def _end(self, shell: Exec) -> bool:
        docker = self.agent.docker
        if not self._pid and not await execs.begun(docker, shell.id):
            return True
        return await self.streams.endings.end(docker, self._engine_id, shell.id, str(self._pid or self.row))

    @property
    def _mine(self) -> TerminalQuerySet:
        """Its row, unless another stream took that."""
        return Row.objects.open().filter(pk=self.row, exec_id=self._exec.id if self._exec else "")

    async def _noted(self, work: Callable[[], object]) -> None:
        try:
            await self.agent.in_database(work)
        except Exception:  # the record may be away, but the shell is to end: `leftovers` notes it later
            log.exception("a terminal of %s was not noted", self.name)


def _size(wanted: object) -> int:
    return min(MOST, max(1, int(str(wanted))))
