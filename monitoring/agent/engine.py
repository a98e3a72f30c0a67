"""The connection to the engine: a client while it answers, what of this installation runs there, what happens to it.

Three calls go on side by side while it is there: the stream of events, a ping every few seconds, because a stream that
says nothing looks the same whether the engine is quiet or hangs, and every half minute a list.
"""

import asyncio
import json
import logging
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import aiohttp
from aiodocker import Docker, DockerError
from django.conf import settings

from containers.engine.base import LABEL, EngineAway
from monitoring.agent.transport import client

log = logging.getLogger(__name__)

CONTAINER = "warren.container"  # the label with our own id
ACTIONS = frozenset({"die", "oom", "start", "stop", "kill", "pause", "unpause", "destroy", "healthy", "unhealthy"})
HEARD = [*(ACTIONS - {"healthy", "unhealthy"}), "health_status"]  # as the engine is asked for them
RUNNING = frozenset({"running", "paused"})
PING, PATIENCE, RELIST = 3.0, 5.0, 30.0  # seconds: between two pings, for an answer, between two lists
_CODES = frozenset(map(str, range(256)))
PAUSES = (0.2, 0.5, 1.0, 2.0)  # seconds before one that is away is tried again
AWAY = (EngineAway, DockerError, aiohttp.ClientError, OSError, ValueError)  # the last: a line that was cut off


@dataclass(frozen=True, slots=True)
class Happened:
    """An event of a container of ours; `action` is one of `ACTIONS`, `at` by the engine's clock."""

    container: str
    engine_id: str
    action: str
    at: datetime
    exit_code: int | None


class Engine:
    def __init__(self) -> None:
        # Our id of each container that runs → the engine's. Stays while the engine is away: they may run on.
        self.running: dict[str, str] = {}
        self.memory = 0  # bytes that the host has
        self._docker: Docker | None = None
        self._hearers: list[Callable[[Happened], None]] = []
        self._back: list[Callable[[], None]] = []
        self._since = ""  # the moment up to which events were heard, as the engine spells it
        self._meanwhile: dict[str, str | None] | None = None

    @property
    def here(self) -> bool:
        return self._docker is not None

    @property
    def docker(self) -> Docker:
        if self._docker is None:
            raise EngineAway("The Docker engine does not answer.")
        return self._docker

    def hear(self, hearer: Callable[[Happened], None]) -> None:
        """Have it called, in the loop, for each thing that happens to a container of ours."""
        self._hearers.append(hearer)

    def when_back(self, hearer: Callable[[], None]) -> None:
        """Have it called, in the loop, whenever the engine answers anew: what happened meanwhile was not heard."""
        self._back.append(hearer)

    async def run(self) -> None:
        failures = 0
        while True:
            try:
                async with self._opened() as docker:
                    failures = 0
                    await self._watch(docker)
            except* AWAY as group:
                if not failures:
                    log.warning("the engine is away: %s", _first(group))
            await asyncio.sleep(PAUSES[min(failures, len(PAUSES) - 1)])
            failures += 1

    @asynccontextmanager
    async def _opened(self) -> AsyncIterator[Docker]:
        """A client that has answered; it goes with the connection, and all streams of it with it."""
        async with client(settings.DOCKER_HOST) as docker:
            async with asyncio.timeout(PATIENCE):
                await docker.version()  # settles which version of its API is spoken
                facts = await docker.system.info()
            self.memory = facts["MemTotal"]
            self._since = self._since or _moment(facts["SystemTime"])
            self._docker = docker
            try:
                yield docker
            finally:
                self._docker, self._meanwhile = None, None

    async def _watch(self, docker: Docker) -> None:
        events = docker.events.subscribe(create_task=False)
        wanted = {"type": ["container"], "label": [f"{LABEL}={settings.INSTALLATION}"], "event": HEARD}
        async with asyncio.TaskGroup() as group:
            group.create_task(docker.events.run(since=self._since, filters=json.dumps(wanted)))
            group.create_task(self._ping(docker))
            group.create_task(self._list(docker))
            while (event := await events.get()) is not None:
                self._take(event)
            raise EngineAway("Its events have ended.")

    async def _ping(self, docker: Docker) -> None:
        while True:
            await asyncio.sleep(PING)
            async with asyncio.timeout(PATIENCE), docker.session.get(f"{docker.docker_host}/_ping") as answer:
                answer.raise_for_status()

    async def _list(self, docker: Docker) -> None:
        """Events of the time in which the list is under way count for more than it does."""
        filters = json.dumps({"label": [f"{LABEL}={settings.INSTALLATION}"]})
        anew = True
        while True:
            self._meanwhile = {}
            async with asyncio.timeout(2 * PATIENCE):
                rows = await docker.containers.list(filters=filters)
            found = {
                ours: row["Id"]
                for row in rows
                if row["State"] in RUNNING and (ours := _ours(row["Labels"])) is not None
            }
            for ours, engine_id in self._meanwhile.items():
                if engine_id is None:
                    found.pop(ours, None)
                else:
                    found[ours] = engine_id
            self.running, self._meanwhile = found, None
            if anew:
                log.info("the engine answers; %d containers of this installation run", len(found))
                for hearer in self._back:
                    hearer()
            anew = False
            await asyncio.sleep(RELIST)

    def _take(self, event: Mapping[str, Any]) -> None:
        labels = event["Actor"]["Attributes"]
        ours, engine_id, nanoseconds = _ours(labels), event["Actor"]["ID"], event["timeNano"]
        self._since = _after(nanoseconds)
        action = event["Action"].removeprefix("health_status: ")
        if ours is None or action not in ACTIONS:
            return
        if action == "start":
            self._set(ours, engine_id)
        elif action in {"die", "destroy"} and self.running.get(ours) in {engine_id, None}:
            self._set(ours, None)
        at = datetime.fromtimestamp(nanoseconds / 1e9, UTC)
        happened = Happened(ours, engine_id, action, at, _code(labels) if action == "die" else None)
        for hearer in self._hearers:
            hearer(happened)

    def _set(self, ours: str, engine_id: str | None) -> None:
        if self._meanwhile is not None:
            self._meanwhile[ours] = engine_id
        if engine_id is None:
            self.running.pop(ours, None)
        else:
            self.running[ours] = engine_id


def _ours(labels: Mapping[str, str]) -> str | None:
    """Our own id of it; None for a connector, and for whatever a person labelled by hand."""
    try:
        return str(uuid.UUID(labels.get(CONTAINER, "")))
    except ValueError:
        return None


def _code(labels: Mapping[str, str]) -> int | None:
    """With which its program ended; None where the image has a label of this name, which stands in its place then."""
    said = labels.get("exitCode", "")
    return int(said) if said in _CODES else None


def _after(nanoseconds: int) -> str:
    """The next moment, as `since` takes it."""
    return f"{(nanoseconds + 1) // 10**9}.{(nanoseconds + 1) % 10**9:09}"


def _moment(words: str) -> str:
    """The engine's own clock, as `since` takes it."""
    return f"{datetime.fromisoformat(words).timestamp():.6f}"


def _first(group: BaseExceptionGroup[Any]) -> BaseException:
    first = group.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first
