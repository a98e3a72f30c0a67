"""A container at the real engine, an agent in this process, and a test that plays the web process."""

import asyncio
import contextlib
import inspect
import secrets
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import docker
import pytest
from asgiref.sync import sync_to_async
from django.db import connections
from docker.models.containers import Container as DockerContainer

from containers import setup
from containers.engine.images import build_small
from containers.models import Container, ContainerStatus, Template
from monitoring.agent import Agent
from monitoring.agent.assembly import assemble
from monitoring.agent.leftovers import Leftovers
from monitoring.agent.logs import Log
from monitoring.agent.streams import Streams, stopped
from monitoring.agent.terminals import Terminal
from monitoring.live import wire
from monitoring.live.lines import Line, Reader
from monitoring.live.link import Link, Message
from monitoring.live.windows import Inflow, Outflow
from monitoring.models import Terminal as Row
from tenants.models import Tenant, User
from tests.live.conftest import page
from tests.parts import docker_cleanup

__all__ = ["page"]  # a fixture

MARK = "t" + secrets.token_hex(2)
IMAGE = f"warren/{MARK}:latest"


@dataclass
class Box:
    """A container at the engine that an agent takes for one of ours."""

    made: DockerContainer
    pk: uuid.UUID

    @property
    def name(self) -> str:
        return self.made.name or ""

    def run(self, *command: str) -> str:
        return self.made.exec_run(list(command)).output.decode()

    def processes(self) -> list[str]:
        """What runs in it, without what runs it."""
        return [row[-1] for row in self.made.top(ps_args="-o pid,args")["Processes"]]


def boxed(*command: str, **more: Any) -> Box:
    pk = uuid.uuid4()
    labels = {"warren.installation": MARK, "warren.container": str(pk)}
    name = f"{MARK}-{pk.hex[:12]}"
    with contextlib.closing(docker.from_env()) as client:
        made = client.containers.run(
            IMAGE, list(command), name=name, labels=labels, detach=True, init=True, network_mode="none", **more
        )
    return Box(made, pk)


@pytest.fixture(scope="session", autouse=True)
def _image() -> Iterator[None]:
    """The image of our own template *Hello*, under a name that nobody else builds anew meanwhile."""
    build_small(MARK, setup.IMAGES / "hello")
    yield
    docker_cleanup(MARK)
    with contextlib.closing(docker.from_env()) as client:
        client.images.remove(IMAGE, force=True)


@pytest.fixture(autouse=True)
def _marked(settings) -> None:
    settings.INSTALLATION = MARK


@pytest.fixture(scope="module")
def box() -> Iterator[Box]:
    """One that only sleeps; what a terminal leaves in it, other tests of the module would see."""
    found = boxed("/bin/sleep", "100000")
    yield found
    found.made.remove(force=True)


@contextlib.asynccontextmanager
async def at_work(agent: Agent) -> AsyncIterator[Agent]:
    running = asyncio.create_task(agent.run())
    await eventually(lambda: agent.engine.here and agent._link)
    yield agent
    agent.stop()
    await running


@pytest.fixture
def layer() -> None:
    """A test may have a Redis of its own."""


@pytest.fixture
def engine() -> None:
    """A test may have a way of its own to the engine."""


@pytest.fixture
async def agent(transactional_db: None) -> AsyncIterator[Agent]:
    """All of it."""
    async with at_work(assemble()) as found:
        yield found
    await sync_to_async(connections.close_all)()


@pytest.fixture
async def streams(layer: None) -> AsyncIterator[Streams]:
    """Of an agent that has nothing else to do, and no database."""
    agent = Agent()
    found = Streams(agent, {"logs": Log, "terminal": Terminal})
    agent.add(found)
    async with at_work(agent):
        yield found


async def eventually(holds: Callable[[], Any], seconds: float = 30) -> None:
    """Returns once it holds; it may be awaited for."""
    async with asyncio.timeout(seconds):
        while not (await found if inspect.isawaitable(found := holds()) else found):  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.02)


def outlets(streams: Streams) -> int:
    """How many answers of the engine the agent still reads, beside the stream of events."""
    return len(streams.agent.docker.connector._acquired) - 1


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
            async with asyncio.timeout(seconds):
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


@pytest.fixture
async def web(layer: None) -> AsyncIterator[Web]:
    found = Web(await Link.open(wire.WEBS))
    tasks = [asyncio.create_task(found.hear()), asyncio.create_task(found.renew())]
    yield found
    for task in tasks:
        await stopped(task)


def plain(work: Callable[[], Any]) -> Any:
    """Do it as if no event loop ran: then it has the connection, and so the transaction, of the test's fixtures."""
    loop = asyncio.get_running_loop()
    asyncio._set_running_loop(None)
    try:
        return work()
    finally:
        asyncio._set_running_loop(loop)


class Inline:
    """The agent's database where the test's transaction is."""

    async def do(self, work: Callable[[], Any]) -> Any:
        return plain(work)

    def close(self) -> None: ...


def row_of(box: Box, tenant: Tenant, template: Template) -> Container:
    """The row that the container at the engine belongs to; nobody is rung for it."""
    row = Container(
        pk=box.pk,
        tenant=tenant,
        template=template,
        name=f"box-{box.pk.hex[:6]}",
        hostname=f"{box.pk.hex[:12]}.containers.localhost",
        engine_name=box.name,
        image=template.image,
        port=8080,
        memory=2**27,
        cpu=250,
        storage=2**30,
    )
    Container.objects.bulk_create([row])
    ContainerStatus.objects.bulk_create([ContainerStatus(container=row, state="running")])
    return row


@dataclass
class Shells:
    """Terminals of one person at an agent."""

    streams: Streams
    leftovers: Leftovers
    web: Web
    owner: User
    containers: dict[uuid.UUID, Container] = field(default_factory=dict)
    ground: tuple[Any, ...] = ()

    def row(self, box: Box) -> Row:
        if box.pk not in self.containers:
            self.containers[box.pk] = row_of(box, *self.ground)
        return Row.objects.create(container=self.containers[box.pk], user=self.owner, who=self.owner.email)

    async def open(self, box: Box, columns: int = 80, rows: int = 24, **more: Any) -> Heard:
        row = plain(lambda: self.row(box))
        stream = await self.web.open("terminal", box, terminal=str(row.pk), columns=columns, rows=rows, **more)
        stream.row = row
        return stream


@pytest.fixture
async def shells(db, owner, tenant, template, web: Web, engine: None) -> AsyncIterator[Shells]:
    agent = Agent()
    agent.database = Inline()
    streams = Streams(agent, {"logs": Log, "terminal": Terminal})
    agent.add(streams)
    async with at_work(agent):
        yield Shells(streams, Leftovers(agent, streams), web, owner, ground=(tenant, template))
