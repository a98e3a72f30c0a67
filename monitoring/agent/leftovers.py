"""Terminals that an agent left open when it was killed: their shells are ended, and then their rows."""

import asyncio
import datetime
import logging

from aiodocker import DockerError
from django.utils import timezone

from monitoring.agent import Agent, execs
from monitoring.agent.streams import AWAY, Streams
from monitoring.agent.terminals import Terminal
from monitoring.models import Terminal as Row

log = logging.getLogger(__name__)

SWEEP, SOON = 30.0, 1.0  # seconds between two looks; after one that failed
UNASKED = datetime.timedelta(seconds=30)  # after which nobody will begin what a web process asked for


class Leftovers:
    def __init__(self, agent: Agent, streams: Streams) -> None:
        self._agent, self._streams = agent, streams

    async def run(self) -> None:
        while True:
            try:
                await self.sweep()
            except (*AWAY, DockerError) as exc:
                log.debug("terminals were not looked after: %s", exc)
                await asyncio.sleep(SOON)
            else:
                await asyncio.sleep(SWEEP)

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
