"""Bounds what waits in this process for a browser that does not read.

A websocket's server takes whatever it is given, and a browser's acknowledgements are words: it can say them without
having read anything. So what does not fit into the connection any more is held here and counted, and where too much of
it waits the socket is closed. Daphne's protocol says by Twisted's way of producers when its connection is full, and
when there is room again.

Pings and pongs pass below all that: each is answered at once, and nobody counts them. So they are counted here.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from autobahn.exception import Disconnected

from monitoring.live.codes import Close

log = logging.getLogger(__name__)

MOST = 4 * 2**20  # bytes; an honest browser has some hundred KB outstanding
RATE, BURST = 10.0, 50.0  # pings and pongs of a browser's a second, and at once; an honest one has a few a minute

Send = Callable[[dict[str, Any]], Awaitable[None]]


class Unread:
    """Stands for the server's `send` of one socket; to Twisted it is a push producer."""

    def __init__(self, send: Send, protocol: Any) -> None:
        self._send, self._protocol = send, protocol
        self._waiting: deque[dict[str, Any]] = deque()
        self._bytes, self._full = 0, False
        self._accepted = self._closed = False
        self._allowance, self._counted = BURST, time.monotonic()
        self._passing: asyncio.Task[None] | None = None

    @classmethod
    def before(cls, send: Any) -> Send:
        """Of Daphne's; any other server's is left as it is."""
        protocol = next(iter(getattr(send, "args", ())), None)
        bare: Send = send
        return cls(send, protocol) if hasattr(protocol, "registerProducer") else bare

    async def __call__(self, message: dict[str, Any]) -> None:
        if self._closed:
            return
        if message["type"] == "websocket.accept":
            self._accepted = True
            self._register()
            self._protocol.onPing, self._protocol.onPong = self._pinged, self._ponged
        elif not self._accepted:
            await self._send(message)
            return
        elif message["type"] == "websocket.close" and message.get("code") != Close.OVER:
            await self._close(message)
            return
        if not self._full and not self._waiting:
            await self._out(message)
            return
        self._waiting.append(message)
        self._bytes += _size(message)
        if self._bytes > MOST:
            log.info("a socket is closed: its browser reads nothing")
            self._forget()
            await self._close({"type": "websocket.close", "code": int(Close.TOO_SLOW)})

    async def _out(self, message: dict[str, Any]) -> None:
        if message["type"] == "websocket.close":
            self._closed = True
            self._protocol.unregisterProducer()
        await self._send(message)

    async def _close(self, message: dict[str, Any]) -> None:
        """At once, though after what waits: there is a reason to.

        Where the browser does not answer, the server drops the connection a second later.
        """
        self._closed = True
        while self._waiting:
            await self._send(self._waiting.popleft())
        await self._out(message)

    def _register(self) -> None:
        self._protocol.unregisterProducer()  # HTTP's, which the connection began with
        self._protocol.registerProducer(self, True)

    def _pinged(self, payload: bytes) -> None:
        """Where the connection is full it is not answered: a later one stands for all before (RFC 6455)."""
        if self._admits() and not self._full:
            self._protocol.sendPong(payload)

    def _ponged(self, payload: bytes) -> None:
        self._admits()

    def _admits(self) -> bool:
        """Whoever sends more than anybody needs is cut off, and not even told: it would be one more to wait for."""
        if self._closed:
            return False
        now = time.monotonic()
        self._allowance = min(BURST, self._allowance + (now - self._counted) * RATE) - 1
        self._counted = now
        if self._allowance < 0:
            log.info("a socket is closed: its browser sends pings without end")
            self._protocol.dropConnection(abort=True)
        return self._allowance >= 0

    def _forget(self) -> None:
        self._waiting.clear()
        self._bytes = 0

    async def _pass_on(self) -> None:
        try:
            while self._waiting and not self._full and not self._closed:
                message = self._waiting.popleft()
                self._bytes -= _size(message)
                await self._out(message)
        except (Disconnected, OSError):
            self._forget()

    # --- What Twisted says ------------------------------------------------------------------------------------
    def pauseProducing(self) -> None:  # noqa: N802 - Twisted's name
        self._full = True

    def resumeProducing(self) -> None:  # noqa: N802
        self._full = False
        if self._waiting:
            self._passing = asyncio.get_running_loop().create_task(self._pass_on())
        elif not self._closed:
            self._register()  # which lets a connection end that was about to

    def stopProducing(self) -> None:  # noqa: N802
        """The connection is gone."""
        self._closed = True
        self._forget()


def _size(message: dict[str, Any]) -> int:
    return len(message.get("bytes") or message.get("text") or "")
