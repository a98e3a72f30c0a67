"""The newest numbers to web processes: one message each, with what that one has leased."""

import asyncio
from collections.abc import Mapping
from datetime import datetime

from monitoring.agent import Agent
from monitoring.agent.measuring import Numbers
from monitoring.live.link import Message
from monitoring.live.wire import moment


class Publishing:
    """Where the channel layer is slow, a newer pass takes the place of one that has not gone out."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent
        self._newest: tuple[datetime, Mapping[str, Numbers]] | None = None
        self._there = asyncio.Event()

    def take(self, at: datetime, samples: Mapping[str, Numbers]) -> None:
        self._newest = at, samples
        self._there.set()

    async def run(self) -> None:
        while True:
            await self._there.wait()
            self._there.clear()
            assert self._newest is not None
            await asyncio.gather(*(self._agent.send(web, message) for web, message in self.messages(*self._newest)))

    def messages(self, at: datetime, samples: Mapping[str, Numbers]) -> list[tuple[str, Message]]:
        """For each web process that watches something that was measured."""
        return [
            (web, {"type": "statistics", "at": moment(at), "containers": watched})
            for web, containers in self._agent.leases.watched().items()
            if (watched := {ours: samples[ours] for ours in containers if ours in samples})
        ]
