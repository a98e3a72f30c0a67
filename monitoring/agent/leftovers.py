"""Terminals that an agent left open when it was killed: their shells are ended, and then their rows."""

import asyncio
import contextlib
import datetime
import logging

from aiodocker import DockerError
from django.utils import timezone

from monitoring.agent import Agent, execs
from monitoring.agent.streams import AWAY, Streams
from monitoring.agent.terminals import Terminal
from monitoring.models import Terminal as Row

log = logging.getLogger(__name__)

SWEEP = 30.0  # seconds between two looks
UNASKED = datetime.timedelta(seconds=30)  # after which nobody will begin what a web process asked for


class Leftovers:
    def __init__(self, agent: Agent, streams: Streams) -> None:
        self._agent, self._streams = agent, streams
        self._back = asyncio.Event()
        agent.engine.when_back(self._back.set)

    async def run(self) -> None:
        """As soon as the engine answers, whenever it does so anew, and every half minute."""
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._back.wait(), SWEEP)
            self._back.clear()
            try:
                await self.sweep()
            except (*AWAY, DockerError) as exc:
                log.warning("terminals that were left open could not be looked after: %s", exc)

    async def sweep(self) -> None:
        docker = self._agent.docker
        rows = await self._agent.in_database(lambda: list(Row.objects.open().select_related("container")))
        mine = {stream.row for stream in self._streams.open.values() if isinstance(stream, Terminal)}
        left = [row for row in rows if str(row.pk) not in mine]
        over = {row.pk for row in left if not row.exec_id and timezone.now() - row.opened_at > UNASKED}
        shells: dict[str, dict[str, Row]] = {}
        for row in left:
            if row.exec_id:
                facts = await execs.state(docker, row.exec_id)
                if facts and facts["Running"]:
                    shells.setdefault(facts["ContainerID"], {})[row.exec_id] = row
                else:
                    over.add(row.pk)
        for container, those in shells.items():
            which = {exec_id: str(row.pid or row.pk) for exec_id, row in those.items()}
            remaining = await execs.end(docker, container, which)
            over |= {row.pk for exec_id, row in those.items() if exec_id not in remaining}
            for exec_id in remaining:
                log.warning("a shell in %s can't be ended; its container's /bin/sh may be broken", those[exec_id])
        if over:
            log.info("%d terminals were left open, and have been ended", len(over))
            ended = Row.objects.open().filter(pk__in=over)
            await self._agent.in_database(lambda: ended.update(ended_at=timezone.now(), ended_how="left"))
