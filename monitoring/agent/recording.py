"""What was measured, into the database: each recorder takes every pass, and writes at an interval of its own.

A database that is away costs what was to be written meanwhile, and nothing else.
"""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Protocol

from django.db import Error

from containers.models import Container
from monitoring.agent import Agent
from monitoring.agent.measuring import Numbers
from monitoring.history import recording as history
from monitoring.models import Sample

log = logging.getLogger(__name__)

FIELDS = (
    *("sampled_at", "cpu_percent", "memory_used", "memory_limit"),
    *("network_rx", "network_tx", "block_read", "block_write", "pids"),
)
MOST = 30  # passes that wait for a database that is slow; of more, the newest
Write = Callable[[], object]


class Recorder(Protocol):
    every: float  # seconds between two writes

    def take(self, at: datetime, samples: Mapping[str, Numbers], /) -> None:
        """What one pass measured of all that runs, by our ids; in the loop, so that nothing is written here."""

    def write(self) -> Write | None:
        """What is to be done now in the database's thread, over values that `take` does not touch; None: nothing."""

    def close(self) -> Write | None:
        """The same for the last time: the agent ends."""


class Recording:
    def __init__(self, agent: Agent, *recorders: Recorder) -> None:
        self._agent, self._recorders = agent, recorders

    def take(self, at: datetime, samples: Mapping[str, Numbers]) -> None:
        for recorder in self._recorders:
            recorder.take(at, samples)

    async def run(self) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                for recorder in self._recorders:
                    group.create_task(self._record(recorder))
        finally:
            for recorder in self._recorders:
                if write := recorder.close():
                    with contextlib.suppress(Error):
                        await self._agent.in_database(write)

    async def _record(self, recorder: Recorder) -> None:
        lost = False
        while True:
            await asyncio.sleep(recorder.every)
            write = recorder.write()
            if write is None:
                continue
            try:
                await self._agent.in_database(write)
            except Error as exc:
                if not lost:
                    log.warning("what was measured is not recorded: %s", exc)
                lost = True
            else:
                lost = False


class Newest:
    """Of every container its newest sample: what `status/` tells whoever does not listen."""

    every = 5.0

    def __init__(self) -> None:
        self._newest: tuple[datetime, Mapping[str, Numbers]] | None = None

    def take(self, at: datetime, samples: Mapping[str, Numbers]) -> None:
        self._newest = (at, samples) if samples else None

    def write(self) -> Write | None:
        newest, self._newest = self._newest, None
        return partial(save, *newest) if newest else None

    def close(self) -> Write | None:
        return None


class Past:
    """Of every container what it did: rows of ten seconds, which roll up into longer ones."""

    every = 1.0

    def __init__(self) -> None:
        self._recorder = history.Recorder()
        self._waiting: deque[tuple[datetime, Mapping[str, Numbers]]] = deque(maxlen=MOST)

    def take(self, at: datetime, samples: Mapping[str, Numbers]) -> None:
        self._waiting.append((at, samples))

    def write(self) -> Write | None:
        passes = tuple(self._waiting)
        self._waiting.clear()
        return partial(self._write, passes) if passes else None

    def close(self) -> Write | None:
        return partial(self._last, tuple(self._waiting))

    def _write(self, passes: tuple[tuple[datetime, Mapping[str, Numbers]], ...]) -> None:
        for at, samples in passes:
            self._recorder.take(at, samples)

    def _last(self, passes: tuple[tuple[datetime, Mapping[str, Numbers]], ...]) -> None:
        self._write(passes)
        self._recorder.close()


def save(at: datetime, samples: Mapping[str, Numbers]) -> None:
    """One query, one write."""
    known = Container.objects.living().filter(pk__in=samples).values_list("pk", flat=True)
    Sample.objects.bulk_create(
        [_sample(str(pk), at, samples[str(pk)]) for pk in known],
        update_conflicts=True,
        unique_fields=["container"],
        update_fields=FIELDS,
    )


def _sample(pk: str, at: datetime, numbers: Numbers) -> Sample:
    return Sample(
        container_id=pk,
        sampled_at=at,
        cpu_percent=numbers["cpu_percent"],
        memory_used=numbers["memory"]["used"],
        memory_limit=numbers["memory"]["limit"],
        network_rx=numbers["network"]["rx"],
        network_tx=numbers["network"]["tx"],
        block_read=numbers["block"]["read"],
        block_write=numbers["block"]["write"],
        pids=numbers["pids"],
    )
