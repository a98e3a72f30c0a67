"""A web process as a test plays it: its channel, its leases, and the streams that it reads."""

import asyncio
import uuid
from dataclasses import dataclass, field
from typing import Any

from monitoring.live import wire
from monitoring.live.lines import Line, Reader
from monitoring.live.link import Link, Message
from monitoring.live.windows import Inflow, Outflow
from monitoring.models import Terminal as Row
from tests.parts import slowness
from tests.streams.boxes import Box


@dataclass
class Heard:
    """A stream as a web process has it. `eager`: acknowledges at once what comes."""

    web: "Web"
    id: str
    eager: bool = True
    data: bytearray = field(default_factory=bytearray)
    agent: str = ""
    closed: Message | None = None
    row: Row | None = None
    most: int = 0
    inflow: Inflow = field(default_factory=Inflow)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.outflow = Outflow(self._pass_on, wire.INPUT_WINDOW)
        self.acknowledged = 0

    async def take(self, message: Message) -> None:
        match message["type"]:
            case "stream.opened":
                self.agent = message["agent"]
            case "stream.data":
                fresh = self.inflow.take(message["offset"], message["data"])
                self.data += fresh
                self.most = max(self.most, len(self.data) - self.acknowledged)
                if self.eager:
                    await self.ack(self.inflow.taken)
            case "stream.ack":
                self.outflow.acked(message["offset"])
            case "stream.closed":
                self.closed = message
        self.changed.set()

    async def ack(self, offset: int) -> None:
        self.acknowledged = max(self.acknowledged, offset)
        await self.say("stream.ack", offset=offset)

    async def say(self, kind: str, **facts: Any) -> None:
        await self.web.link.send(self.agent, {"type": kind, "stream": self.id, **facts})

    async def type(self, words: bytes) -> None:
        await self.outflow.write(words)

    async def _pass_on(self, offset: int, data: bytes) -> None:
        await self.say("stream.data", offset=offset, data=data)

    async def until(self, holds: Any, seconds: float = 25) -> None:
        """For as long as something comes: a busy machine may take its time over much, but nothing may stand still."""
        while not holds(self):
            self.changed.clear()
            async with asyncio.timeout(seconds * slowness()):
                await self.changed.wait()

    async def until_shown(self, words: bytes) -> None:
        try:
            await self.until(lambda _: words in self.data)
        except TimeoutError:
            raise AssertionError(f"{words!r} is not in …{bytes(self.data[-300:])!r}, {self.closed}") from None

    async def until_over(self) -> Message:
        await self.until(lambda _: self.closed)
        assert self.closed
        return self.closed

    @property
    def lines(self) -> list[Line]:
        return list(Reader().feed(bytes(self.data)))

    def texts(self, kinds: str = "oeOE") -> list[str]:
        return [line.text for line in self.lines if line.kind in kinds]


class Web:
    """A web process: its channel, its leases, its streams."""

    def __init__(self, link: Link) -> None:
        self.link = link
        self.streams: dict[str, Heard] = {}
        self.renews, self.here = True, asyncio.Event()
        self.heard: list[Message] = []

    async def open(self, kind: str, box: Box, *, eager: bool = True, opened: bool = True, **options: Any) -> Heard:
        stream = Heard(self, uuid.uuid4().hex, eager)
        self.streams[stream.id] = stream
        message = {"type": "stream.open", "web": self.link.channel, "stream": stream.id, "kind": kind}
        await self.link.tell(wire.AGENTS, {**message, "container": str(box.pk), "name": box.name, **options})
        if opened:
            await stream.until(lambda s: s.agent or s.closed)
        return stream

    async def hear(self) -> None:
        async for message in self.link.messages():
            self.heard.append(message)
            if message["type"] == "agent.here":
                self.here.set()
            if (stream := self.streams.get(message.get("stream", ""))) is not None:
                await stream.take(message)

    async def renew(self) -> None:
        while True:
            if self.renews:
                await self.lease(*self.streams)
            for stream in tuple(self.streams.values()):
                await stream.outflow.resend()
            await asyncio.sleep(0.5)

    async def lease(self, *streams: str) -> None:
        facts = {"type": "lease", "web": self.link.channel, "containers": [], "streams": list(streams)}
        await self.link.tell(wire.AGENTS, facts)
