"""What goes away in the middle of a stream: Redis, and the agent itself."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from asgiref.sync import sync_to_async
from django.db import connection, connections

from monitoring.models import Terminal
from tests.streams.boxes import MARK, Box, boxed
from tests.streams.conftest import Shells, eventually, plain, row_of
from tests.streams.test_terminals import rest
from tests.streams.web import Web


class Redis:
    """One that may be killed: it keeps nothing."""

    def __init__(self, folder: Path) -> None:
        self.socket = folder / "redis.sock"

    def start(self) -> None:
        command = ["redis-server", "--port", "0", "--unixsocket", str(self.socket), "--save", ""]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=self.socket.parent)
        while not self.socket.exists():
            time.sleep(0.01)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self.socket.unlink(missing_ok=True)


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    found = Redis(tmp_path)
    found.start()
    yield found
    found.kill()


class TestRedis:
    @pytest.fixture
    def layer(self, redis: Redis, settings) -> None:
        layer = settings.CHANNEL_LAYERS["default"]
        settings.CHANNEL_LAYERS = {
            "default": {**layer, "CONFIG": {**layer["CONFIG"], "hosts": [f"unix://{redis.socket}"]}}
        }

    async def test_it_is_killed_and_every_byte_arrives(self, shells: Shells, box: Box, redis: Redis) -> None:
        count = "n=0; while [ $n -lt 300 ]; do n=$((n + 1)); echo $n; sleep 0.01; done"
        talker = boxed("/bin/sh", "-c", f"{count}; sleep 1000")
        log = await shells.web.open("logs", talker, tail=1000)
        terminal = await shells.open(box)
        await terminal.type(b"stty raw -echo; printf %s%s REA DY; cat\n")
        await terminal.until_shown(b"READY")
        began, words = len(terminal.data), os.urandom(150_000)
        typing = asyncio.create_task(terminal.type(words))
        await log.until(lambda s: len(s.lines) > 20)
        redis.kill()
        await asyncio.sleep(1)
        redis.start()
        await typing
        await log.until(lambda s: len(s.lines) == 300, 15)
        assert log.texts() == [str(n) for n in range(1, 301)]
        await terminal.until(lambda s: len(s.data) - began >= len(words), 15)
        assert bytes(terminal.data[began:]) == words
        await terminal.say("stream.close")
        await terminal.until_over()
        await rest(box)


class Way:
    """To the engine; it may be cut."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._server: asyncio.Server | None = None
        self._ends: set[asyncio.StreamWriter] = set()

    async def open(self) -> None:
        self._server = await asyncio.start_unix_server(self._serve, str(self.path))

    async def cut(self) -> None:
        assert self._server
        self._server.close()
        for end in tuple(self._ends):
            end.transport.abort()
        await eventually(lambda: not self._ends)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_unix_connection("/var/run/docker.sock")
        self._ends |= {writer, back}
        await asyncio.gather(self._pass_on(reader, back), self._pass_on(there, writer))
        self._ends -= {writer, back}

    @staticmethod
    async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


class TestEngine:
    @pytest.fixture
    async def engine(self, tmp_path: Path, settings) -> AsyncIterator[Way]:
        found = Way(tmp_path / "docker.sock")
        await found.open()
        settings.DOCKER_HOST = f"unix://{found.path}"
        yield found
        await found.cut()

    async def test_it_does_not_answer_for_a_while(self, shells: Shells, box: Box, engine: Way) -> None:
        """A log goes on where it was; a terminal is over, and its shell is found when the engine answers again."""
        count = "n=0; while [ $n -lt 300 ]; do n=$((n + 1)); echo $n; sleep 0.01; done"
        talker = boxed("/bin/sh", "-c", f"{count}; sleep 1000")
        log, terminal = await shells.web.open("logs", talker, tail=1000), await shells.open(box)
        await terminal.type(b"trap '' HUP; sleep 3456\n")
        await terminal.until_shown(b"3456")
        await log.until(lambda s: len(s.lines) > 20)
        await engine.cut()
        assert (await terminal.until_over())["code"] == "engine_away"
        assert (await shells.web.open("logs", talker, tail=1)).closed["code"] == "engine_away"
        await engine.open()
        await log.until(lambda s: len(s.lines) == 300, 15)
        assert log.texts() == [str(n) for n in range(1, 301)]
        await shells.leftovers.sweep()
        await rest(box)
        assert not plain(Terminal.objects.open().exists)
        for each in (log, terminal):
            await each.say("stream.close")


def agent_process() -> "subprocess.Popen[bytes]":
    database = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}")
    env = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "DATABASE_URL": database.geturl(),
        "INSTALLATION": MARK,
        "LOG_LEVEL": "ERROR",
    }
    return subprocess.Popen([sys.executable, "manage.py", "agent"], env=env)


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
async def test_a_killed_agent_leaves_no_shell_behind(web: Web, box: Box, owner, tenant, template) -> None:
    async def ended() -> bool:
        return await Terminal.objects.filter(ended_how="left").acount() == 5

    await sync_to_async(row_of)(box, tenant, template)
    process = agent_process()
    try:
        terminals = []
        await asyncio.wait_for(web.here.wait(), 30)
        for _ in range(5):
            row = await Terminal.objects.acreate(container_id=box.pk, user=owner, who=owner.email)
            terminals.append(await web.open("terminal", box, terminal=str(row.pk), columns=80, rows=24))
        for terminal in terminals:
            await terminal.type(b"trap '' HUP; sleep 5432\n")
            await terminal.until_shown(b"5432")
        await eventually(lambda: sum("5432" in each for each in box.processes()) == 5)
        process.kill()
        process.wait()
        await asyncio.sleep(0.3)
        assert sum("5432" in each for each in box.processes()) == 5, "the engine ends nothing by itself"
        process = agent_process()
        web.here.clear()
        await asyncio.wait_for(web.here.wait(), 30)
        await rest(box, 10)
        await eventually(ended)
        process.send_signal(signal.SIGTERM)
        process.wait(3)
    finally:
        process.kill()
        process.wait()
        await sync_to_async(connections.close_all)()
