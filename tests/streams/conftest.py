"""A container at the real engine, an agent in this process, and a test that plays the web process."""

import asyncio
import contextlib
import inspect
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import docker
import pytest
from asgiref.sync import sync_to_async
from django.db import connections

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
from monitoring.live.link import Link
from monitoring.models import Terminal as Row
from tenants.models import Tenant, User
from tests.live.conftest import page
from tests.parts import docker_cleanup, slowness
from tests.streams.boxes import IMAGE, MARK, Box, boxed
from tests.streams.web import Heard, Web

__all__ = ["page"]  # a fixture


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
    async with asyncio.timeout(seconds * slowness()):
        while not (await found if inspect.isawaitable(found := holds()) else found):  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.02)


def outlets(streams: Streams) -> int:
    """How many answers of the engine the agent still reads, beside the stream of events."""
    return len(streams.agent.docker.connector._acquired) - 1


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
