"""What a page does, without a browser: connects, acknowledges, and connects anew whenever it was cut off."""

import asyncio
import contextlib
import json
import random
import time
from typing import Any, ClassVar

import websockets
from websockets.asyncio.client import ClientConnection


class Watcher:
    """`moved`: when something live came last."""

    path: ClassVar[str]

    def __init__(self, host: str, container: str, cookie: str) -> None:
        self.url = f"ws://{host}" + self.path.format(id=container)
        self.container = container
        self._headers = {"Origin": f"http://{host}", "Cookie": cookie}
        self.moved, self.codes = 0.0, list[int]()

    async def run(self) -> None:
        pause = 0.3
        while True:
            try:
                async with websockets.connect(
                    self.url, additional_headers=self._headers, origin=None, open_timeout=15, close_timeout=1
                ) as socket:
                    pause = 0.3
                    await self.watch(socket)
            except websockets.ConnectionClosed as closed:
                self.codes.append(closed.rcvd.code if closed.rcvd else 1006)
            except (OSError, TimeoutError, websockets.InvalidHandshake):
                self.codes.append(0)
            await asyncio.sleep(pause * random.uniform(0.5, 1.5))
            pause = min(2.0, 2 * pause)

    async def watch(self, socket: ClientConnection) -> None:
        """Until it is closed, by whomever."""


class Numbers(Watcher):
    path = "/ws/containers/"

    async def watch(self, socket: ClientConnection) -> None:
        await socket.send(json.dumps({"type": "subscribe", "containers": [self.container]}))
        received = 0
        async for text in socket:
            received += 1
            if received % 8 == 0:
                await socket.send(json.dumps({"type": "ack", "received": received}))
            if json.loads(text)["type"] == "statistics":
                self.moved = time.monotonic()


class Lines(Watcher):
    path = "/ws/containers/{id}/logs/?tail=1&follow=1"

    async def watch(self, socket: ClientConnection) -> None:
        async for text in socket:
            message: dict[str, Any] = json.loads(text)
            if message["type"] == "lines":
                self.moved = time.monotonic()
                await socket.send(json.dumps({"type": "ack", "offset": message["to"]}))


class Shell(Watcher):
    path = "/ws/containers/{id}/terminal/?columns=80&rows=24"

    async def watch(self, socket: ClientConnection) -> None:
        typing, received = asyncio.create_task(self._type(socket)), 0
        try:
            async for frame in socket:
                if isinstance(frame, bytes):
                    received += len(frame)
                    if b"=42" in frame:
                        self.moved = time.monotonic()
                    await socket.send(json.dumps({"type": "ack", "bytes": received}))
        finally:
            typing.cancel()
            with contextlib.suppress(asyncio.CancelledError, websockets.ConnectionClosed):
                await typing

    async def _type(self, socket: ClientConnection) -> None:
        while True:
            await asyncio.sleep(0.5)
            await socket.send(b"echo =$((6*7))\n")
