"""A process's end of the channel layer: one channel of its own, and a group that it hears.

Redis may go and come back at any time. Sending then loses what is sent, and says so; hearing waits, and goes on by
itself once Redis is back, for pub/sub subscriptions are the client's to remember.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any, Self

from channels.layers import get_channel_layer
from redis.exceptions import RedisError

log = logging.getLogger(__name__)

LOST = (RedisError, OSError, TimeoutError)
Message = dict[str, Any]


class Link:
    def __init__(self, layer: Any, channel: str) -> None:
        self._layer, self.channel = layer, channel

    @classmethod
    async def open(cls, group: str) -> Self:
        """Waits for as long as Redis is away."""
        layer = get_channel_layer()
        while True:
            try:
                link = cls(layer, await layer.new_channel())
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
        while True:
            yield await self._layer.receive(self.channel)

    async def send(self, channel: str, message: Message) -> bool:
        """Whether it went out; whether anybody hears it is another matter."""
        return await self._out(self._layer.send, channel, message)

    async def tell(self, group: str, message: Message) -> bool:
        """To all of a group; whether it went out."""
        return await self._out(self._layer.group_send, group, message)

    async def _out(self, way: Any, to: str, message: Message) -> bool:
        for last in (False, True):  # the first after Redis came back finds a connection of before
            try:
                await way(to, message)
            except LOST as exc:
                if last:
                    log.debug("lost: %s to %s: %s", message["type"], to, exc)
            else:
                return True
        return False
