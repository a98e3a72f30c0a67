"""An agent in the test's own loop, a web process's end of the channel layer, and containers that it looks after."""

import asyncio
import contextlib
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import docker
import pytest
import pytest_asyncio
from django.conf import settings as django_settings

from containers import setup as containers_setup
from containers.models import Container, ContainerStatus, EngineState, Template
from monitoring.agent import Agent
from monitoring.agent.assembly import assemble
from monitoring.live import wire
from monitoring.live.link import Link, Message
from tenants.models import Tenant
from tests.parts import slowness

BUSYBOX = "/bin/busybox"
Run = Callable[..., Any]


async def until(holds: Callable[[], Any], seconds: float = 10.0) -> Any:
    """The first true answer, as `tests.parts.wait_until` for a loop that others work in."""
    deadline = time.monotonic() + seconds * slowness()
    while not (found := holds()):
        assert time.monotonic() < deadline, f"{holds} did not hold within {seconds} s"
        await asyncio.sleep(0.01)
    return found


async def until_in_database(agent: Agent, holds: Callable[[], Any]) -> None:
    """The same, asked in the agent's thread for the database."""
    async with asyncio.timeout(20 * slowness()):
        while not await agent.in_database(holds):  # noqa: ASYNC110 - the database tells nobody
            await asyncio.sleep(0.01)


class Web:
    """What a web process hears and says."""

    def __init__(self, link: Link) -> None:
        self.link, self.heard = link, list[Message]()

    async def listen(self) -> None:
        async for message in self.link.messages():
            self.heard.append(message)

    def of(self, kind: str) -> list[Message]:
        return [message for message in self.heard if message["type"] == kind]

    async def lease(self, *containers: str, streams: tuple[str, ...] = ()) -> None:
        message = {"type": "lease", "web": self.link.channel, "containers": [*containers], "streams": [*streams]}
        await self.link.tell(wire.AGENTS, message)


async def ended(task: asyncio.Task[Any]) -> None:
    """Cancel it until it has ended: before Python 3.12 `wait_for` may swallow a cancellation."""
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=0.5)


@contextlib.asynccontextmanager
async def web_process() -> AsyncIterator[Web]:
    web = Web(await Link.open(wire.WEBS))
    listening = asyncio.create_task(web.listen())
    yield web
    await ended(listening)


@contextlib.asynccontextmanager
async def running() -> AsyncIterator[Agent]:
    agent = assemble()
    task = asyncio.create_task(agent.run())
    try:
        yield agent
    finally:
        agent.stop()
        await asyncio.wait_for(task, 10)


@pytest_asyncio.fixture
async def web() -> AsyncIterator[Web]:
    async with web_process() as found:
        yield found


@pytest_asyncio.fixture
async def agent(docker_mark: str, web: Web) -> AsyncIterator[Agent]:
    """Once it listens to the engine and to web processes; the web process of the test was there before it."""
    async with running() as found:
        await until(lambda: found.engine.here and web.of("agent.here"))
        yield found


@pytest.fixture
def boxes(db, tenant: Tenant, template: Template) -> Callable[[str], str]:
    """Makes a container's row, as after a pass over it; returns its id."""

    def made(name: str) -> str:
        row = Container.objects.create(
            tenant=tenant, template=template, name=name, hostname=name, image="i", port=1, memory=1, cpu=1, storage=1
        )
        ContainerStatus.objects.update_or_create(
            container=row, defaults={"state": EngineState.RUNNING, "next_check_at": None}
        )
        return str(row.pk)

    return made


@pytest.fixture
def run(docker_mark: str) -> Iterator[Run]:
    """Runs a container of this installation in a thread: `await run(id, script, **options)`; id "" for any."""
    containers_setup.build_images()
    client = docker.from_env()

    def start(ours: str, script: str, options: dict[str, Any]) -> Any:
        labels = {"warren.installation": django_settings.INSTALLATION, "warren.container": ours or str(uuid.uuid4())}
        labels |= options.pop("labels", {})
        command = [BUSYBOX, "sh", "-c", script]
        return client.containers.run("warren/echo:latest", command, detach=True, labels=labels, **options)

    def started(ours: str, script: str, **options: Any) -> Awaitable[Any]:
        return asyncio.to_thread(start, ours, script, {"network_mode": "none", "init": True, **options})

    yield started
    client.close()
