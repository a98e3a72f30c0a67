"""Redis, the engine and the agent itself go and come back; each part goes on by itself."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from containers.engine.base import EngineAway
from monitoring import agent as agents
from monitoring.agent import Agent, engine
from monitoring.live import wire
from tests.agent.conftest import Run, running, until, web_process
from tests.parts import slowness, wait_until


class Door:
    """A socket before the engine's own, which can be shut, and be open with nobody behind it."""

    def __init__(self, path: Path) -> None:
        self.path, self.silent = path, False
        self._open: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        self._server = await asyncio.start_unix_server(self._serve, self.path)

    async def shut(self) -> None:
        assert self._server is not None
        self._server.close()
        for writer in self._open:
            writer.close()
        self.path.unlink()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        beyond, back = await asyncio.open_unix_connection("/var/run/docker.sock")
        self._open |= {writer, back}
        await asyncio.gather(self._copy(reader, back), self._copy(beyond, writer))

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                if not self.silent:
                    writer.write(data)
        writer.close()


@pytest.fixture
async def door(tmp_path: Path, run: Run, settings) -> AsyncIterator[Door]:
    door = Door(tmp_path / "docker.sock")
    settings.DOCKER_HOST = f"unix://{door.path}"
    await door.open()
    yield door
    with contextlib.suppress(FileNotFoundError):
        await door.shut()


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
async def test_an_engine_that_goes_and_comes_back(
    door: Door, agent: Agent, run: Run, boxes: Callable[[str], str]
) -> None:
    """What happened meanwhile is heard afterwards: the engine keeps its last events."""
    ours, theirs = await agent.in_database(lambda: (boxes("one"), boxes("two")))
    one = await run(ours, "sleep 100")
    await until(lambda: agent.engine.running == {ours: one.id})
    client, heard, back = agent.docker, [], []
    agent.engine.hear(lambda what: heard.append((what.container, what.action)))
    agent.engine.when_back(lambda: back.append(True))

    await door.shut()
    await until(lambda: not agent.engine.here, 1)
    with pytest.raises(EngineAway):
        _ = agent.docker
    await asyncio.to_thread(one.kill)
    two = await run(theirs, "sleep 100")
    await door.open()
    await until(lambda: back, 4)
    assert agent.docker is not client
    assert client.session.closed, "and with it every stream of before"
    await until(lambda: agent.engine.running == {theirs: two.id}, 2)
    assert heard == [(ours, "kill"), (ours, "die"), (theirs, "start")]


async def test_an_engine_that_hangs(door: Door, docker_mark: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "PING", 0.1)
    monkeypatch.setattr(engine, "PATIENCE", 0.3)
    async with running() as agent:
        await until(lambda: agent.engine.here)
        door.silent = True
        await until(lambda: not agent.engine.here, 1)
        door.silent = False
        await until(lambda: agent.engine.here, 4)


@pytest.fixture
def own_redis(tmp_path: Path, settings) -> Iterator[Callable[[], Any]]:
    """Starts a Redis that is this test's alone."""
    socket = tmp_path / "redis.sock"
    layer = {"BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer", "CONFIG": {"hosts": [f"unix://{socket}"]}}
    settings.CHANNEL_LAYERS = {"default": layer}
    started: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        options = ("--port", "0", "--unixsocket", str(socket), "--save", "", "--dir", str(tmp_path))
        started.append(subprocess.Popen(["redis-server", *options], stdout=subprocess.DEVNULL))
        wait_until(socket.exists)
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


async def test_redis_that_is_killed(
    own_redis: Callable[[], Any], docker_mark: str, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where it was not there at first. The agent measures on meanwhile, and is heard again under its own name."""
    monkeypatch.setattr(wire, "HERE", 0.2)
    async with running() as agent:
        box = await run("", "sleep 100")
        (ours,) = await until(lambda: agent.engine.running)
        process = await asyncio.to_thread(own_redis)
        async with web_process() as web:
            await until(lambda: web.of("agent.here"))
            await web.lease(ours)
            await until(lambda: web.of("statistics"))
            name = agent.link.channel
            process.kill()
            await asyncio.to_thread(process.wait)
            await asyncio.sleep(1.5)
            assert agent.engine.running == {ours: box.id}
            await asyncio.to_thread(own_redis)
            web.heard.clear()
            await until(lambda: web.of("agent.here") and web.of("statistics"), 6)
            assert {message["agent"] for message in web.of("agent.here")} == {name}
            await web.lease()
            await asyncio.sleep(0.5)  # until it has heard that: a pass may be under way
            web.heard.clear()
            await asyncio.sleep(1.3)
            assert web.of("statistics") == [], "it hears again, too"


class Failing:
    """A part of which a child fails at the very moment at which the agent is stopped."""

    def __init__(self) -> None:
        self.failed = asyncio.Event()

    async def run(self) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._fail())
        finally:
            self.failed.set()

    async def _fail(self) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            raise ValueError("just now")


async def test_a_part_that_fails_while_the_agent_ends_is_not_begun_again(docker_mark: str) -> None:
    agent = Agent()
    part = Failing()
    agent.add(part)
    task = asyncio.create_task(agent.run())
    await asyncio.sleep(0.1)
    agent.stop()
    await asyncio.wait_for(task, 10)
    assert part.failed.is_set()
    left = [each for each in asyncio.all_tasks() if each is not asyncio.current_task()]
    assert [each for each in left if "_kept" in repr(each)] == []
    with pytest.raises(RuntimeError, match="closed"):
        await agent.in_database(lambda: None)


class Deaf:
    """A part that loses its first cancellation."""

    async def run(self) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        await asyncio.Event().wait()


async def test_a_part_that_loses_its_cancellation_ends_all_the_same(
    docker_mark: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agents, "GRACE", 0.5)
    agent = Agent()
    agent.add(Deaf())
    task = asyncio.create_task(agent.run())
    await asyncio.sleep(0.1)
    agent.stop()
    await asyncio.wait_for(task, 10)
    assert [each for each in asyncio.all_tasks() if "_kept" in repr(each)] == []


async def test_it_ends_within_a_second(docker_mark: str, run: Run) -> None:
    """As a program; with a container that it measures."""
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings", "INSTALLATION": docker_mark}
    await run("", "sleep 100")
    async with web_process() as web:
        command = (sys.executable, "-m", "django", "agent")
        process = await asyncio.create_subprocess_exec(*command, env=environment, stderr=asyncio.subprocess.PIPE)
        try:
            await until(lambda: web.of("agent.here"), 30)
            began = time.monotonic()
            process.send_signal(signal.SIGTERM)
            _, said = await asyncio.wait_for(process.communicate(), 10)
            assert time.monotonic() - began < slowness()
            assert process.returncode == 0
            assert b"Traceback" not in said
            await until(lambda: web.of("agent.gone"), 1)
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
