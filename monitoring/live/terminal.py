"""`/ws/containers/{id}/terminal/`: a shell. What is typed and shown passes through, and is kept nowhere."""

import asyncio
import contextlib
from collections import deque
from typing import Any

from containers.models import Container
from monitoring import terminals
from monitoring.live import parameters, wire
from monitoring.live.codes import Close
from monitoring.live.database import in_database
from monitoring.live.link import Message
from monitoring.live.socket import BadMessage, whole
from monitoring.live.stream_socket import StreamSocket
from monitoring.models import Terminal
from tenants import seldom
from tenants.refusal import Refused

UNWRITTEN = 4 * wire.INPUT_WINDOW  # bytes that a browser may have sent and not seen acknowledged
MOST = 1000  # columns, rows
USUAL = {"columns": 80, "rows": 24}
NOTED = 60.0  # seconds for which a refused attempt of one person's at one container stands for all others


class TerminalSocket(StreamSocket):
    needs = "shell"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._terminal: Terminal | None = None
        self._typed: deque[bytes] = deque()
        self._received = self._written = 0
        self._some = asyncio.Event()
        self._typing: asyncio.Task[None] | None = None

    # --- The agent ----------------------------------------------------------------------------------------------
    async def permitted(self) -> None:
        try:
            size = {name: parameters.number(self.asked, name, usual, 1, MOST) for name, usual in USUAL.items()}
        except ValueError as exc:
            await self.end(Close.BAD_MESSAGE, str(exc))
            return
        if not self.visitor.writes:
            await self.refused()
            await self.end(Close.NOT_PERMITTED, str(terminals.READS_ONLY))
            return
        try:
            row = self._terminal = await in_database(self._begin)
        except Refused as exc:
            await self.end(Close.TOO_MANY if exc.code == "terminals_limit" else Close.NOT_PERMITTED, str(exc))
            return
        if self.hub is None:
            await in_database(terminals.never_begun, row, "closed")
            return
        facts = {"name": row.container.engine_name, "terminal": str(row.pk), **size}
        await self.hub.stream(self, "terminal", self.container, **facts)

    async def refused(self) -> None:
        """The attempt is put on record, by being made: once in a while, however often they try."""
        attempt = f"terminal/{self.visitor.user.pk}/{self.container}"
        if await in_database(seldom.first, attempt, NOTED):
            with contextlib.suppress(Refused):
                await in_database(terminals.never_begun, await in_database(self._begin), "closed")

    def _begin(self) -> Terminal:
        container = Container.objects.select_related("tenant").get(pk=self.container)
        visitor = self.visitor
        return terminals.begin(container, actor=visitor.user, ip=visitor.ip, writes=visitor.writes)

    async def stream_opened(self, facts: Message) -> None:
        assert self._terminal is not None
        self._typing = asyncio.create_task(self._pass_on())
        await self.tell("opened", terminal=str(self._terminal.pk), window=wire.INPUT_WINDOW)

    async def stream_data(self, offset: int, data: bytes) -> None:
        if not self.over:
            self.given(offset + len(data))
            await self.send(bytes_data=data)

    async def stream_acked(self, offset: int) -> None:
        if offset > self._written:
            self._written = offset
            await self.tell("ack", bytes=offset)

    async def ended(self, exit_code: int | None) -> None:
        await self.tell("exit", code=exit_code)

    # --- The browser --------------------------------------------------------------------------------------------
    async def heard(self, message: dict[str, Any]) -> None:
        match message["type"]:
            case "resize":
                size = {name: whole(message.get(name), 1, MOST) for name in ("columns", "rows")}
                if self.stream:
                    await self.stream.resize(**size)
            case "ack":
                await self.acknowledged(message.get("bytes"))
            case _:
                raise BadMessage

    async def heard_bytes(self, data: bytes) -> None:
        """Only put down here: while the shell does not read, acknowledgements of what it writes must still be heard."""
        self._received += len(data)
        if self._received - self._written > UNWRITTEN:
            raise BadMessage
        self._typed.append(data)
        self._some.set()

    async def _pass_on(self) -> None:
        while self.stream:
            await self._some.wait()
            self._some.clear()
            while self._typed:
                await self.stream.write(self._typed.popleft())

    async def left(self) -> None:
        if self._typing:
            self._typing.cancel()
        elif self._terminal:
            await in_database(terminals.never_begun, self._terminal, "closed")  # else the agent ends it
