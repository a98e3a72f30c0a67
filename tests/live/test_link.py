"""What becomes of a process's end of the channel layer where Redis hangs, or its connections lead nowhere."""

import asyncio
import contextlib
import copy
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from channels.layers import get_channel_layer

from monitoring.live import link as links
from monitoring.live import wire
from monitoring.live.link import Link, Message
from tests.parts import slowness, wait_until


@pytest.fixture
def redis(tmp_path: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """This test's alone, at `redis.sock`."""
    socket = tmp_path / "redis.sock"
    options = ("--port", "0", "--unixsocket", str(socket), "--save", "", "--dir", str(tmp_path))
    process = subprocess.Popen(["redis-server", *options], stdout=subprocess.DEVNULL)
    wait_until(socket.exists)
    yield process
    process.kill()
    process.wait()


class Cable:
    """Between us and Redis. After `cut`, what came through before leads nowhere, and nobody is told of it."""

    def __init__(self, folder: Path) -> None:
        self.path, self._beyond = folder / "cable.sock", folder / "redis.sock"
        self._whole, self._ends = True, set[asyncio.StreamWriter]()
        self._serving = set[asyncio.Task[None] | None]()

    async def lay(self) -> asyncio.Server:
        return await asyncio.start_unix_server(self._serve, self.path)

    async def take_up(self) -> None:
        for end in self._ends:
            end.close()
        await asyncio.gather(*(each for each in self._serving if each))

    def cut(self) -> None:
        self._whole = False

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._serving.add(asyncio.current_task())
        try:
            back, beyond = await asyncio.open_unix_connection(self._beyond)
        except OSError:  # Redis has gone
            writer.close()
            return
        self._ends |= {writer, beyond}
        fresh = not self._whole
        await asyncio.gather(self._copy(reader, beyond, fresh), self._copy(back, writer, fresh))

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, fresh: bool) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                if fresh or self._whole:
                    writer.write(data)
        writer.close()


class Ear:
    def __init__(self, link: Link) -> None:
        self.link, self.heard = link, list[Message]()

    async def listen(self) -> None:
        async for message in self.link.messages():
            self.heard.append(message)

    async def until_heard(self, word: str) -> None:
        """Says it to the group, and to the link alone, again and again until both have arrived."""
        async with asyncio.timeout(15):
            while {"told", "sent"} - {message["type"] for message in self.heard if message.get("word") == word}:
                await self.link.tell(wire.WEBS, {"type": "told", "word": word})
                await self.link.send(self.link.channel, {"type": "sent", "word": word})
                await asyncio.sleep(0.05)


@pytest.fixture
async def cable(redis: object, tmp_path: Path) -> AsyncIterator[Cable]:
    found = Cable(tmp_path)
    server = await found.lay()
    yield found
    server.close()
    await found.take_up()


@pytest.fixture
async def ear(cable: Cable, settings, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Ear]:
    layers = copy.deepcopy(settings.CHANNEL_LAYERS)
    layers["default"]["CONFIG"]["hosts"][0]["address"] = f"unix://{cable.path}"
    settings.CHANNEL_LAYERS = layers
    for name, seconds in {"PATIENCE": 0.2, "PAUSE": 0.1, "QUIET": 0.1, "RENEWAL": 0.5}.items():
        monkeypatch.setattr(links, name, seconds)
    found = Ear(await Link.open(wire.WEBS))
    listening = asyncio.create_task(found.listen())
    await found.until_heard("first")
    yield found
    listening.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await listening
    await get_channel_layer().flush()


async def test_redis_that_hangs(ear: Ear, redis: "subprocess.Popen[bytes]") -> None:
    """Whoever sends waits a moment, and is told; all is heard again once Redis goes on."""
    name = ear.link.channel
    redis.send_signal(signal.SIGSTOP)
    try:
        began = time.monotonic()
        assert [await ear.link.tell(wire.WEBS, {"type": "lost"}) for _ in range(100)] == [False] * 100
        assert time.monotonic() - began < 0.5 * slowness()
        await asyncio.sleep(1.2)
    finally:
        redis.send_signal(signal.SIGCONT)
    await ear.until_heard("again")
    assert ear.link.channel == name


async def test_connections_that_lead_nowhere(ear: Ear, cable: Cable) -> None:
    """As after a host that vanished: no end of the connection ever comes."""
    name = ear.link.channel
    await asyncio.sleep(1)  # nobody speaks but the echo, and that is not heard outside
    assert {message["type"] for message in ear.heard} == {"told", "sent"}
    cable.cut()
    await ear.until_heard("again")
    assert ear.link.channel == name
