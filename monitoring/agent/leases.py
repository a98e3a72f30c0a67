"""What web processes watch, for as long as they say so: a lease that is not renewed runs out.

A web process says all that it watches in each `lease`: containers whose numbers it wants, and its open streams.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from monitoring.live import wire
from monitoring.live.link import Message

Heard = Callable[[str, frozenset[str]], None]


@dataclass(frozen=True, slots=True)
class Lease:
    containers: frozenset[str]
    streams: frozenset[str]
    until: float  # monotonic

    def __bool__(self) -> bool:
        return bool(self.containers or self.streams)


class Leases:
    def __init__(self) -> None:
        self._webs: dict[str, Lease] = {}
        self._hearers: list[Heard] = []

    def hear(self, hearer: Heard) -> None:
        """Have it called with a web process and the ids of all streams that it holds: whenever it says so, and with
        none once its lease has run out."""
        self._hearers.append(hearer)

    def take(self, message: Message) -> None:
        """A `lease`; an empty one says goodbye."""
        web = message["web"]
        lease = Lease(frozenset(message["containers"]), frozenset(message["streams"]), time.monotonic() + wire.LEASE)
        if lease:
            self._webs[web] = lease
        else:
            self._webs.pop(web, None)
        self._told(web, lease.streams)

    def expect(self, web: str) -> None:
        """It has just opened a stream: should no lease ever come from it, that is told after the usual time, too."""
        self._webs.setdefault(web, Lease(frozenset(), frozenset(), time.monotonic() + wire.LEASE))

    def watched(self) -> dict[str, frozenset[str]]:
        """The containers whose numbers each web process wants."""
        return {web: lease.containers for web, lease in self._webs.items() if lease.containers}

    async def run(self) -> None:
        while True:
            await asyncio.sleep(1)
            self.expire()

    def expire(self) -> None:
        now = time.monotonic()
        for web in [web for web, lease in self._webs.items() if lease.until <= now]:
            del self._webs[web]
            self._told(web, frozenset())

    def _told(self, web: str, streams: frozenset[str]) -> None:
        for hearer in self._hearers:
            hearer(web, streams)
