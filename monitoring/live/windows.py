"""A stream of bytes over a layer that may lose, repeat or swap messages, and that nobody may fill.

The sender keeps what the other end has not acknowledged, never more than a window of it; what has not even arrived it
sends again when nothing moves. The receiver takes what comes next and drops all else. Offsets count bytes since the
stream began.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable

from monitoring.live.wire import CHUNK

RESEND = 2.0  # seconds without progress after which what is unacknowledged is sent once more


class Outflow:
    """`send(offset, data)` passes a chunk on, and does not raise where it gets lost: the chunk is kept."""

    def __init__(self, send: Callable[[int, bytes], Awaitable[None]], window: int) -> None:
        self._send, self._window = send, window
        self._kept: deque[tuple[int, bytes]] = deque()
        self._written = self._arrived = self._acknowledged = 0
        self._moved = self._resent = time.monotonic()
        self._room = asyncio.Event()
        self._room.set()

    @property
    def outstanding(self) -> int:
        return self._written - self._acknowledged

    async def write(self, data: bytes) -> None:
        """Send all of it; returns once the last part of it is under way, and waits for room before each part."""
        for start in range(0, len(data), CHUNK):
            await self._room.wait()
            chunk = data[start : start + CHUNK]
            offset = self._written
            if self._arrived == self._written:
                self._moved = time.monotonic()
            self._kept.append((offset, chunk))
            self._written += len(chunk)
            self._judge()
            await self._send(offset, chunk)

    def acked(self, offset: int, arrived: int = 0) -> None:
        """The other end is done with all before `offset`, and has all before `arrived`: that is not sent again.

        One from before, or beyond what was written, says nothing.
        """
        if self._arrived < max(offset, arrived) <= self._written:
            self._arrived, self._moved = max(offset, arrived), time.monotonic()
        if not self._acknowledged < offset <= self._written:
            return
        self._acknowledged, self._moved = offset, time.monotonic()
        while self._kept and self._kept[0][0] + len(self._kept[0][1]) <= offset:
            self._kept.popleft()
        self._judge()

    async def drained(self) -> None:
        """Returns once nothing is outstanding; sends again meanwhile."""
        while self.outstanding:
            await asyncio.sleep(0.05)
            await self.resend()

    async def resend(self) -> None:
        """Call it every now and then: once nothing has moved for `RESEND` seconds, sends again what has not arrived.

        Where all has, it sends an empty chunk: an acknowledgement may have been lost, and each copy is answered by one.
        """
        if self.outstanding and time.monotonic() - max(self._moved, self._resent) > RESEND:
            self._resent = time.monotonic()
            missing = [kept for kept in self._kept if kept[0] + len(kept[1]) > self._arrived]
            for offset, chunk in missing or [(self._written, b"")]:
                await self._send(offset, chunk)

    def _judge(self) -> None:
        if self.outstanding < self._window:
            self._room.set()
        else:
            self._room.clear()


class Inflow:
    """What has arrived in order."""

    def __init__(self) -> None:
        self.taken = 0

    def take(self, offset: int, data: bytes) -> bytes:
        """What of it is new and comes next; empty for a copy, and for what lies beyond a gap."""
        if offset > self.taken or offset + len(data) <= self.taken:
            return b""
        fresh = data[self.taken - offset :]
        self.taken += len(fresh)
        return fresh
