"""Terminals that an agent left open when it was killed: their shells are ended, and then their rows.

Each container by itself: what a tenant runs there may hang, and nobody else's terminals wait for that.
"""

import asyncio
import contextlib
import datetime
import logging
import time
import uuid
from collections.abc import Sequence
from functools import partial

from aiodocker import DockerError
from django.db import Error
from django.utils import timezone

from monitoring import terminals
from monitoring.agent import Agent, execs
from monitoring.agent.streams import AWAY, Streams
from monitoring.agent.terminals import Terminal
from monitoring.models import Terminal as Row

log = logging.getLogger(__name__)

SWEEP = 30.0  # seconds between two looks
UNASKED = datetime.timedelta(seconds=30)  # after which nobody will begin what a web process asked for
AT_ONCE = 8  # containers that are looked after side by side
# Seconds until one in which shells could not be ended is tried again; twice as many each time. What hangs there goes on
# hanging, and each try adds to it.
FIRST_PAUSE, LONGEST_PAUSE = 60.0, 3600.0


class Leftovers:
    def __init__(self, agent: Agent, streams: Streams) -> None:
        self._agent, self._streams = agent, streams
        self._back = asyncio.Event()
        self._room = asyncio.Semaphore(AT_ONCE)
        self._later: dict[uuid.UUID, tuple[float, float]] = {}  # of a container: when again, and the pause before that
        agent.engine.when_back(self._engine_back)

    def _engine_back(self) -> None:
        self._later.clear()  # it may have been the engine
        self._back.set()

    async def run(self) -> None:
        """As soon as the engine answers, whenever it does so anew, and every half minute."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(SWEEP):
                    await self._back.wait()
            self._back.clear()
            try:
                await self.sweep()
            except Error as exc:
                log.warning("terminals that were left open wait for the database: %s", exc)

    async def sweep(self) -> None:
        rows = await self._agent.in_database(lambda: list(Row.objects.open().select_related("container")))
        mine = {stream.row for stream in self._streams.open.values() if isinstance(stream, Terminal)}
        begun: dict[uuid.UUID, list[Row]] = {}
        unasked = []
        for row in rows:
            if str(row.pk) in mine:
                continue
            if row.exec_id:
                begun.setdefault(row.container_id, []).append(row)
            elif timezone.now() - row.opened_at > UNASKED:
                unasked.append(row)
        await self._over(unasked)
        self._later = {key: later for key, later in self._later.items() if key in begun}
        await asyncio.gather(*(self._look_after(container, those) for container, those in begun.items()))

    async def _look_after(self, container: uuid.UUID, rows: Sequence[Row]) -> None:
        async with self._room:
            try:
                await self._clear(container, rows)
            except (*AWAY, DockerError) as exc:
                log.warning("terminals that were left open in %s could not be looked after: %r", container, exc)

    async def _clear(self, container: uuid.UUID, rows: Sequence[Row]) -> None:
        docker = self._agent.docker
        shells: dict[str, dict[str, Row]] = {}
        over = []
        for row in rows:
            facts = await execs.state(docker, row.exec_id)
            if facts and facts["Running"]:
                shells.setdefault(facts["ContainerID"], {})[row.exec_id] = row
            else:
                over.append(row)
        await self._over(over)
        again, pause = self._later.get(container, (0.0, FIRST_PAUSE))
        if time.monotonic() < again:
            return
        for engine_id, those in shells.items():
            which = {exec_id: str(row.pid or row.pk) for exec_id, row in those.items()}
            try:
                left = await execs.end(docker, engine_id, which)
            except (TimeoutError, DockerError):
                left = set(those)
            await self._over([row for exec_id, row in those.items() if exec_id not in left])
            if left:
                log.warning("%d shells in %s can't be ended; its /bin/sh may be broken", len(left), rows[0].container)
                self._later[container] = time.monotonic() + pause, min(LONGEST_PAUSE, 2 * pause)
                stuck = [those[exec_id].pk for exec_id in left]
                await self._agent.in_database(partial(terminals.stuck, stuck))

    async def _over(self, rows: Sequence[Row]) -> None:
        if rows:
            log.info("%d terminals were left open, and have been ended", len(rows))
            ended = Row.objects.filter(pk__in=[row.pk for row in rows])
            await self._agent.in_database(partial(terminals.end, ended, "left"))
