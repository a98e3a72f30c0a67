"""What happens to containers at the engine: told at once, put on record, and their rows made due.

What was seen is written by the reconciler alone; it is only woken here. But it may start again within a moment what has
died, so that nobody would know: hence `Incident`, and a message straight to the web processes.

A container can make things happen without end, so each of its kinds of events has a pace; beyond it they are not told,
and its row is woken all the same, though not for each of them.
"""

import asyncio
import contextlib
import logging
import uuid
from collections import deque
from collections.abc import Collection, Sequence
from functools import partial

from django.db import Error
from kombu.exceptions import OperationalError

from containers import doorbell, reconcile
from containers.models import ContainerStatus
from containers.tasks import survey_engine
from monitoring.agent import FIRST_PAUSE, LONGEST_PAUSE, Agent
from monitoring.agent.engine import Happened
from monitoring.agent.pacing import Pace
from monitoring.live.wire import moment
from monitoring.models import Incident, Kind

log = logging.getLogger(__name__)

GATHER = 0.05  # seconds: a kill, what it does and a start belong together, and wake the row once
MOST = 10_000  # events that wait for a database or a channel layer that is away; of more, the newest
TOLD = 0.5, 30  # a second, and at once, of one kind of one container
WOKEN = 1.0, 5  # the same, of how often its row is woken
RELOOK, REPORT = 0.25, 60.0  # seconds: until who was woken often is looked at again; between two reports of the rest
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
        self._due: set[str] = set()  # containers whose rows are to be woken
        self._tells, self._wakes = Pace(*TOLD), Pace(*WOKEN)
        self._told, self._written = asyncio.Event(), asyncio.Event()
        self._surveyed = True
        agent.engine.hear(self._happened)
        agent.engine.when_back(self._back)

    def _happened(self, what: Happened) -> None:
        if self._tells.allows((what.container, what.action)):
            self._untold.append(what)
            self._unwritten.append(what)
            self._told.set()
        self._due.add(what.container)
        self._written.set()

    def _back(self) -> None:
        self._surveyed = False
        self._written.set()

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._tell())
            group.create_task(self._write())
            group.create_task(self._report())

    async def _report(self) -> None:
        while True:
            await asyncio.sleep(REPORT)
            self._wakes.refused()
            for key, times in self._tells.refused().items():
                log.warning("%s happened more often than is told, and %d times was not", key, times)

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
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(RELOOK if self._due else None):
                    await self._written.wait()
            await asyncio.sleep(GATHER)
            self._written.clear()
            batch = tuple(self._unwritten)
            self._unwritten.clear()
            woken = {container for container in self._due if self._wakes.allows(container)}
            self._due -= woken
            try:
                if batch or woken:
                    await self._agent.in_database(partial(note, batch, woken))
                if not self._surveyed:
                    self._surveyed = True
                    await self._agent.in_database(survey)
            except Error as exc:
                log.warning("what happened waits for the database: %s", exc)
                self._unwritten = deque((*batch, *self._unwritten), maxlen=MOST)
                self._due |= woken
                self._written.set()
                await asyncio.sleep(pause)
                pause = min(LONGEST_PAUSE, 2 * pause)
            else:
                pause = FIRST_PAUSE


def note(batch: Sequence[Happened], woken: Collection[str]) -> None:
    """Make those rows due and ring, one after the other by key; then put on record what happened."""
    concerned = {uuid.UUID(key) for key in (*woken, *(what.container for what in batch))}
    known = sorted(ContainerStatus.objects.filter(container__in=concerned).values_list("pk", flat=True))
    for pk in (pk for pk in known if str(pk) in woken):
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
