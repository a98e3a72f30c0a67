"""A process's end of the channel layer: one channel of its own, and a group that it hears.

Redis may go and come back at any time, and it may also hang, or be beyond a connection that leads nowhere any more.
Sending then loses what is sent, and says so. Hearing goes on by itself: pub/sub subscriptions are the client's to
remember where a connection breaks, and where nothing at all is heard for a while, not even an echo of our own, the
connections are made anew.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from typing import Any, Self

from channels.layers import get_channel_layer
from redis.exceptions import RedisError

log = logging.getLogger(__name__)

LOST = (RedisError, OSError, TimeoutError)
Message = dict[str, Any]

# Seconds.
PATIENCE = 2.0  # that sending may take
PAUSE = 1.0  # without another try after that, so that who sends much does not wait each time
QUIET = 2.0  # without a message after which an echo is asked for
DEAF = 3  # times that nothing was heard for so long, no echo either: then the connections are made anew
RENEWAL = 6.0  # that this may take until it is tried again


class Link:
    def __init__(self, layer: Any, channel: str, group: str = "") -> None:
        self._layer, self.channel, self._group = layer, channel, group
        self._away_until = 0.0

    @classmethod
    async def open(cls, group: str) -> Self:
        """Waits for as long as Redis is away."""
        layer = get_channel_layer()
        while True:
            try:
                link = cls(layer, await layer.new_channel(), group)
                await layer.group_add(group, link.channel)
            except LOST as exc:
                log.warning("the channel layer is away: %s", exc)
                await asyncio.sleep(0.5)
            else:
                return link

    @classmethod
    def speaking(cls) -> Self:
        """One that hears nothing."""
        return cls(get_channel_layer(), "")

    async def messages(self) -> AsyncIterator[Message]:
        silent, hearing = 0, None
        try:
            while True:
                hearing = hearing or self._hearing()
                await asyncio.wait({hearing}, timeout=QUIET)
                if hearing.done() and not hearing.exception():
                    message, hearing = hearing.result(), None
                    if message["type"] != "echo":
                        yield message
                    silent = 0
                elif hearing.done() or silent == DEAF:
                    log.warning("nothing is heard from the channel layer: its connections are made anew")
                    await _over(hearing)
                    hearing, silent = await self._anew(), 0
                else:
                    silent += 1
                    await self.send(self.channel, {"type": "echo"})
        finally:
            if hearing:
                await _over(hearing)

    def _hearing(self) -> asyncio.Task[Message]:
        return asyncio.ensure_future(self._layer.receive(self.channel))

    async def _anew(self) -> asyncio.Task[Message]:
        """Under the same name, by which others know this process."""
        while True:
            hearing = None
            try:
                async with asyncio.timeout(RENEWAL):
                    await self._layer.flush()
                    hearing = self._hearing()
                    await asyncio.sleep(0)  # by now the layer knows the channel, and subscribes to it
                    await self._layer.group_add(self._group, self.channel)
            except LOST as exc:
                log.warning("the channel layer is away: %s", exc)
                if hearing:
                    await _over(hearing)
                await asyncio.sleep(0.5)
            else:
                return hearing

    async def send(self, channel: str, message: Message) -> bool:
        """Whether it went out; whether anybody hears it is another matter."""
        return await self._out(self._layer.send, channel, message)

    async def tell(self, group: str, message: Message) -> bool:
        """To all of a group; whether it went out."""
        return await self._out(self._layer.group_send, group, message)

    async def _out(self, way: Any, to: str, message: Message) -> bool:
        if time.monotonic() < self._away_until:
            return False
        for last in (False, True):  # the first after Redis came back finds a connection of before
            try:
                async with asyncio.timeout(PATIENCE):
                    await way(to, message)
            except LOST as exc:
                hangs = isinstance(exc, TimeoutError)
                if hangs:
                    self._away_until = time.monotonic() + PAUSE
                if last or hangs:
                    log.debug("lost: %s to %s: %s", message["type"], to, exc)
                    return False
            else:
                return True
        return False


async def _over(hearing: asyncio.Task[Message]) -> None:
    hearing.cancel()
    await asyncio.wait({hearing})
    if not hearing.cancelled():
        hearing.exception()  # is looked at, so that nobody is warned of it
