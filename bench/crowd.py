"""Many browsers' ends of sockets in one process, light enough not to be what is measured.

`python -m bench.crowd PORT PATH HEADERS GREETING`: `HEADERS` and `GREETING` (what each says when it is open) as JSON.
It is told on its input, a line each, and answers with a line of JSON:

    open N    have N open; those that are there stay
    take      statistics that have arrived since: [[number of the socket, "sampled_at", age in seconds], ...]

Of each arrival the moment is noted at once, and the text is looked at when it is asked for. Every eighth message is
acknowledged, as docs/websockets.md wants it.
"""

import asyncio
import base64
import contextlib
import itertools
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any

EVERY = 8  # messages for one acknowledgement
AT_ONCE = 25  # handshakes
Arrival = tuple[int, float, bytes]


class Browser(asyncio.Protocol):
    def __init__(self, number: int, request: bytes, greeting: list[bytes], arrived: list[Arrival]) -> None:
        self._number, self._request, self._greeting, self._arrived = number, request, greeting, arrived
        self._buffer = b""
        self._received = 0
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._shaken = False

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        transport.write(self._request)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.ready.done():
            self.ready.set_exception(ConnectionError(f"closed before it was open: {self._buffer!r}"))

    def data_received(self, data: bytes) -> None:
        at = time.time()
        buffer = self._buffer + data if self._buffer else data
        if not self._shaken:
            head, there, buffer = buffer.partition(b"\r\n\r\n")
            if not there:
                self._buffer = head
                return
            assert head.startswith(b"HTTP/1.1 101"), head
            self._shaken = True
            for text in self._greeting:
                self._transport.write(frame(text))
        while len(buffer) > 1:
            length, start = buffer[1], 2
            if length == 126:
                length, start = int.from_bytes(buffer[2:4], "big"), 4
            end = start + length
            if len(buffer) < end or length == 127:
                break
            if buffer[0] & 15 == 1:
                self._take(at, buffer[start:end])
            elif buffer[0] & 15 == 8:
                sys.exit(f"a socket was closed: {buffer[start:end]!r}")
            buffer = buffer[end:]
        self._buffer = buffer

    def _take(self, at: float, text: bytes) -> None:
        self._arrived.append((self._number, at, text))
        self._received += 1
        if self._received % EVERY == 0:
            self._transport.write(frame(b'{"type":"ack","received":%d}' % self._received))
        if not self.ready.done() and (not self._greeting or text.startswith(b'{"type":"state"')):
            self.ready.set_result(None)

    def close(self) -> None:
        self._transport.write(b"\x88\x80\0\0\0\0")
        self._transport.close()


def frame(text: bytes) -> bytes:
    """Masked, as a browser's must be; with zeros, which is quickest. Shorter than 64 KiB."""
    length = bytes([128 | len(text)]) if len(text) < 126 else b"\xfe" + len(text).to_bytes(2, "big")
    return b"\x81" + length + bytes(4) + text


class Crowd:
    def __init__(self, port: int, path: str, headers: dict[str, str], greeting: list[Any]) -> None:
        key = base64.b64encode(os.urandom(16)).decode()
        shaking = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
        lines = [f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", f"Sec-WebSocket-Key: {key}"]
        lines += [f"{name}: {value}" for name, value in (shaking | headers).items()]
        self._port, self._request = port, "\r\n".join([*lines, "", ""]).encode()
        self._greeting = [json.dumps(message).encode() for message in greeting]
        self._arrived: list[Arrival] = []
        self._numbers = itertools.count()
        self._open: list[Browser] = []

    async def resize(self, count: int) -> None:
        while len(self._open) > count:
            self._open.pop().close()
        gate = asyncio.Semaphore(AT_ONCE)
        self._open += await asyncio.gather(*(self._one(gate) for _ in range(count - len(self._open))))

    async def _one(self, gate: asyncio.Semaphore) -> Browser:
        async with gate:
            loop = asyncio.get_running_loop()
            _, made = await loop.create_connection(
                lambda: Browser(next(self._numbers), self._request, self._greeting, self._arrived),
                "127.0.0.1",
                self._port,
            )
            await asyncio.wait_for(made.ready, 30)
            return made

    def take(self) -> list[tuple[int, str, float]]:
        found = []
        moments: dict[str, float] = {}
        for number, at, text in self._arrived:
            if text.startswith(b'{"type":"statistics"'):
                sampled = text.split(b'"', 9)[7].decode()
                if sampled not in moments:
                    moments[sampled] = datetime.fromisoformat(sampled).timestamp()
                found.append((number, sampled, round(at - moments[sampled], 6)))
        self._arrived.clear()
        return found


class Remote:
    """A crowd in a process of its own, as the benchmark holds it."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    @classmethod
    @contextlib.contextmanager
    def launch(cls, port: int, path: str = "/", greeting: Any = (), **headers: str) -> Iterator["Remote"]:
        command = (sys.executable, "-m", "bench.crowd", str(port), path, json.dumps(headers), json.dumps(greeting))
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        try:
            yield cls(process)
        finally:
            process.kill()
            process.communicate()

    def open(self, count: int) -> None:
        self._order(f"open {count}")

    def take(self) -> list[tuple[int, str, float]]:
        """Socket, sample, and how old that was."""
        return self._order("take")

    def _order(self, words: str) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{words}\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())


async def main(port: str, path: str, headers: str, greeting: str) -> None:
    crowd = Crowd(int(port), path, json.loads(headers), json.loads(greeting))
    orders = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    while line := await orders.readline():
        word, *rest = line.decode().split()
        if word == "open":
            await crowd.resize(int(rest[0]))
            print("{}", flush=True)
        else:
            print(json.dumps(crowd.take()), flush=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
