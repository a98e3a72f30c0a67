"""Bytes arrive whole and in order over a link that loses, repeats and swaps; nobody keeps more than a window."""

import asyncio
import random
from typing import Any, cast

import pytest

from monitoring.live import windows
from monitoring.live.hub import Hub
from monitoring.live.stream import Stream
from monitoring.live.stream_socket import StreamSocket
from monitoring.live.windows import Inflow, Outflow
from monitoring.live.wire import CHUNK

WINDOW = 4 * CHUNK


@pytest.mark.asyncio
@pytest.mark.parametrize("seed", range(5))
async def test_all_arrives_once_and_in_order(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(windows, "RESEND", 0.02)
    chance, content = random.Random(seed), random.Random(seed).randbytes(20 * CHUNK + 7)
    inflow, got, most = Inflow(), bytearray(), 0

    async def send(offset: int, data: bytes) -> None:
        nonlocal most
        most = max(most, outflow.outstanding)
        if chance.random() < 0.2:
            return  # lost
        for _ in range(1 + (chance.random() < 0.2)):
            asyncio.get_running_loop().call_later(chance.random() * 0.01, arrive, offset, data)

    def arrive(offset: int, data: bytes) -> None:
        got.extend(inflow.take(offset, data))
        if chance.random() > 0.1:
            outflow.acked(inflow.taken if chance.random() > 0.3 else 0, inflow.taken)

    async def again() -> None:
        while True:
            await asyncio.sleep(0.01)
            await outflow.resend()

    outflow = Outflow(send, WINDOW)
    resending = asyncio.create_task(again())
    await asyncio.wait_for(outflow.write(content), 20)
    await asyncio.wait_for(outflow.drained(), 20)
    resending.cancel()
    assert bytes(got) == content
    assert most <= WINDOW


@pytest.mark.asyncio
async def test_a_writer_waits_for_room() -> None:
    sent: list[int] = []

    async def send(offset: int, data: bytes) -> None:
        sent.append(offset)

    outflow = Outflow(send, WINDOW)
    writing = asyncio.create_task(outflow.write(bytes(6 * CHUNK)))
    await asyncio.sleep(0.01)
    assert sent == [0, CHUNK, 2 * CHUNK, 3 * CHUNK]
    outflow.acked(99 * CHUNK)  # of bytes that nobody wrote
    outflow.acked(2 * CHUNK)
    await asyncio.wait_for(writing, 10)
    assert sent[-1] == 5 * CHUNK
    outflow.acked(CHUNK)  # late
    assert outflow.outstanding == 4 * CHUNK


@pytest.mark.asyncio
async def test_what_has_arrived_is_not_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(windows, "RESEND", 0.02)
    sent: list[tuple[int, int]] = []

    async def send(offset: int, data: bytes) -> None:
        sent.append((offset, len(data)))

    async def again() -> list[tuple[int, int]]:
        sent.clear()
        await asyncio.sleep(0.03)
        await outflow.resend()
        return sent

    outflow = Outflow(send, WINDOW)
    await outflow.write(bytes(3 * CHUNK))
    assert await again() == [(0, CHUNK), (CHUNK, CHUNK), (2 * CHUNK, CHUNK)]
    outflow.acked(CHUNK, 2 * CHUNK)
    assert await again() == [(2 * CHUNK, CHUNK)]
    outflow.acked(CHUNK, 3 * CHUNK)
    assert await again() == [(3 * CHUNK, 0)], "only asked about"
    assert outflow.outstanding == 2 * CHUNK, "it is still the window's"
    outflow.acked(3 * CHUNK, 3 * CHUNK)
    assert await again() == []


class Wire:
    """What a web process's end of a stream says."""

    def __init__(self) -> None:
        self.link, self.streams, self.said = self, dict[str, Stream](), list[tuple[Any, ...]]()

    async def send(self, channel: str, message: dict[str, Any]) -> None:
        self.said.append((message["type"], message["offset"], message["arrived"]))


class Browser:
    """One that takes everything, and handles nothing yet."""

    async def stream_opened(self, facts: dict[str, Any]) -> None: ...

    async def stream_data(self, offset: int, data: bytes) -> None: ...


@pytest.mark.asyncio
async def test_a_web_process_tells_what_arrived_before_the_browser_handled_it() -> None:
    wire = Wire()
    stream = Stream(cast(Hub, wire), cast(StreamSocket, Browser()))
    await stream.take("stream.opened", {"agent": "agent"})
    await stream.take("stream.data", {"offset": 0, "data": b"words"})
    for _ in range(2):
        await stream.tick()
    assert wire.said == [("stream.ack", 0, 5)], "once"
    await stream.take("stream.data", {"offset": 5, "data": b""})
    await stream.acked(3)
    await stream.tick()
    assert wire.said[1:] == [("stream.ack", 0, 5), ("stream.ack", 3, 5)]


def test_only_what_comes_next_counts() -> None:
    inflow = Inflow()
    assert inflow.take(3, b"def") == b""
    assert inflow.take(0, b"abc") == b"abc"
    assert inflow.take(0, b"abc") == b""
    assert inflow.take(1, b"bcde") == b"de"
    assert inflow.taken == 5
