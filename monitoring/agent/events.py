"""What happens to containers at the engine: told at once, put on record, and their rows made due.

What was seen is written by the reconciler alone; it is only woken here. But it may start again within a moment what has
died, so that nobody would know: hence `Incident`, and a message straight to the web processes.
"""

import asyncio
import contextlib
import logging
import uuid
from collections import deque
from collections.abc import Sequence
from functools import partial

from django.db import Error
from kombu.exceptions import OperationalError

from containers import doorbell, reconcile
from containers.models import ContainerStatus
from containers.tasks import survey_engine
from monitoring.agent import FIRST_PAUSE, LONGEST_PAUSE, Agent
from monitoring.agent.engine import Happened
from monitoring.live.wire import moment
from monitoring.models import Incident, Kind

log = logging.getLogger(__name__)

GATHER = 0.05  # seconds: a kill, what it does and a start belong together, and wake the row once
MOST = 10_000  # events that wait for a database or a channel layer that is away; of more, the newest
KINDS = {
    "start": Kind.STARTED,
    "die": Kind.DIED,
    "oom": Kind.OOM,
    "kill": Kind.KILLED,
    "stop": Kind.STOPPED,
    "pause": Kind.PAUSED,
    "unpause": Kind.UNPAUSED,
    "destroy": Kind.DESTROYED,
    "healthy": Kind.HEALTHY,
    "unhealthy": Kind.UNHEALTHY,
}


class Events:
    def __init__(self, agent: Agent) -> None:
        self._agent = agent
        self._untold: deque[Happened] = deque(maxlen=MOST)
        self._unwritten: deque[Happened] = deque(maxlen=MOST)
        self._told, self._written = asyncio.Event(), asyncio.Event()
        self._surveyed = True
        agent.engine.hear(self._happened)
        agent.engine.when_back(self._back)

    def _happened(self, what: Happened) -> None:
        self._untold.append(what)
        self._unwritten.append(what)
        self._told.set()
        self._written.set()

    def _back(self) -> None:
        self._surveyed = False
        self._written.set()

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._tell())
            group.create_task(self._write())

    async def _tell(self) -> None:
        """What gets lost is not said again: web processes read the whole state anew when the layer is back."""
        while True:
            await self._told.wait()
            self._told.clear()
            while self._untold:
                what = self._untold.popleft()
                await self._agent.tell(
                    {
                        "type": "event",
                        "container": what.container,
                        "at": moment(what.at),
                        "event": KINDS[what.action].value,
                        "exit_code": what.exit_code,
                    }
                )

    async def _write(self) -> None:
        pause = FIRST_PAUSE
        while True:
            await self._written.wait()
            await asyncio.sleep(GATHER)
            self._written.clear()
            batch = tuple(self._unwritten)
            self._unwritten.clear()
            try:
                if batch:
                    await self._agent.in_database(partial(note, batch))
                if not self._surveyed:
                    self._surveyed = True
                    await self._agent.in_database(survey)
            except Error as exc:
                log.warning("what happened waits for the database: %s", exc)
                self._unwritten.extendleft(reversed(batch))
                self._written.set()
                await asyncio.sleep(pause)
                pause = min(LONGEST_PAUSE, 2 * pause)
            else:
                pause = FIRST_PAUSE


def note(batch: Sequence[Happened]) -> None:
    """Make the rows due and ring, one after the other by key; then put on record what happened."""
    concerned = {uuid.UUID(what.container) for what in batch}
    known = sorted(ContainerStatus.objects.filter(container__in=concerned).values_list("pk", flat=True))
    for pk in known:
        ContainerStatus.objects.filter(pk=pk).ring()
        doorbell.ring(reconcile.CONTAINER, pk)
    ours = {str(pk) for pk in known}
    Incident.objects.bulk_create(
        Incident(container_id=what.container, at=what.at, kind=KINDS[what.action], exit_code=what.exit_code)
        for what in sorted(batch, key=lambda what: (what.container, what.at))
        if what.container in ours
    )


def survey() -> None:
    """Nobody heard what happened while the engine was away: have all its containers compared with their rows."""
    with contextlib.suppress(OperationalError):  # the broker is away: beat asks for the same every half minute
        survey_engine.delay()
