"""Once a second a pass over all that runs; what comes of it goes to whoever watches, and on record."""

import asyncio
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from django.conf import settings
from django.utils import timezone

from containers.engine.base import EngineAway
from monitoring.agent import Agent
from monitoring.agent.engine import Happened
from monitoring.sources import Reading, Source, cpu_percent
from monitoring.sources.auto import Auto
from monitoring.sources.cgroups import Cgroups
from monitoring.sources.stats import Stats
from tenants import pulse

INTERVAL = 1.0  # seconds
Numbers = dict[str, Any]  # of one container, as web processes are told them


class Taker(Protocol):
    def take(self, at: datetime, samples: Mapping[str, Numbers], /) -> None:
        """The numbers of all that runs, by our ids. In the loop: for what takes time, keep them until it is done."""


class Measuring:
    def __init__(self, agent: Agent, *takers: Taker) -> None:
        self._engine, self._takers = agent.engine, takers
        self._source = _source(agent)
        self._before: dict[str, Reading] = {}
        agent.engine.hear(self._happened)

    async def run(self) -> None:
        due = time.monotonic()
        while True:
            await self.measure()
            pulse.touch("agent")
            due = max(due + INTERVAL, time.monotonic())  # what was missed is not made up for
            await asyncio.sleep(due - time.monotonic())

    async def measure(self) -> None:
        running = dict(self._engine.running)
        try:
            readings = await self._source.read_all(running)
        except EngineAway:
            return
        at = timezone.now()  # the engine, too, looks shortly before it answers
        before = {ours: reading for ours, reading in self._before.items() if ours in running}
        self._before = {**before, **readings}
        samples = {ours: numbers(before.get(ours), reading) for ours, reading in readings.items()}
        for taker in self._takers:
            taker.take(at, samples)

    def _happened(self, what: Happened) -> None:
        if what.action == "start":  # its counters begin anew
            self._before.pop(what.container, None)


def numbers(before: Reading | None, now: Reading) -> Numbers:
    """Bytes since it was started; percent of one core, and of the memory that it may have."""
    percent = 100 * now.memory_used / now.memory_limit if now.memory_limit else 0.0
    return {
        "cpu_percent": cpu_percent(before, now),
        "memory": {"used": now.memory_used, "limit": now.memory_limit, "percent": round(percent, 2)},
        "network": {"rx": now.network_rx, "tx": now.network_tx},
        "block": {"read": now.block_read, "write": now.block_write},
        "pids": now.pids,
    }


def _source(agent: Agent) -> Source:
    engine = Stats(lambda: agent.docker, lambda: agent.engine.memory)
    match settings.AGENT_SOURCE:
        case "cgroups":
            return Cgroups()
        case "engine":
            return engine
        case _:
            auto = Auto(Cgroups(), engine, lambda: agent.engine.here)
            agent.engine.when_back(auto.try_again)
            return auto
