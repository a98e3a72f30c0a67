"""A container's log, followed from run to run: what comes next begins where the last line was."""

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

import aiohttp
from aiodocker import DockerError

from monitoring.agent.cutting import Cutter
from monitoring.agent.engine import Happened
from monitoring.agent.streams import AWAY, Over, Stream, Streams
from monitoring.live import lines
from monitoring.live.lines import Line
from monitoring.live.link import Message

log = logging.getLogger(__name__)

READ = 32 * 1024  # bytes taken from the engine's answer at once
MOST = 10_000  # lines from before
OVERLAP = 60  # seconds that are read twice where a log is taken up again; what was there is dropped
PAUSE, RELOOK = 0.5, 5.0  # seconds: before one more try, between two looks at a container that does not run
PER_CONTAINER, AT_ONCE = 50, 500  # open: of one container, and of all together; the engine reads for each
CROWDED = "As many people follow logs here as can at once; come again later."
UNREADABLE = "The engine keeps this container's log where it cannot be read back."


@dataclass(frozen=True, slots=True)
class Run:
    """One life of a container."""

    id: str
    started: str
    running: bool
    finished: str
    exit_code: int
    tty: bool

    @classmethod
    def of(cls, facts: dict[str, Any]) -> Self:
        state = facts["State"]
        times = (lines.moment(state[name]) for name in ("StartedAt", "FinishedAt"))
        return cls(facts["Id"], next(times), state["Running"], next(times), state["ExitCode"], facts["Config"]["Tty"])

    def is_same(self, other: "Run") -> bool:
        return (self.id, self.started) == (other.id, other.started)


class Place:
    """How far a log was read: of each stream the newest time, and how many lines had it.

    Within a stream times only grow. The two streams' lines are not in order of time: the rest of a long line has the
    time at which the line began.
    """

    def __init__(self, after: str = "") -> None:
        self._after = self._first = self._from = after
        self._newest: dict[str, tuple[str, int]] = {}
        self._old: dict[str, tuple[str, int]] = {}

    def __bool__(self) -> bool:
        return bool(self._first)

    def start_at(self, at: str) -> None:
        """If nothing was read yet, what comes from then on is wanted."""
        self._first = self._first or at

    @property
    def since(self) -> str:
        """From when on to read, in seconds, as the engine takes it."""
        at = [self._newest.get(name, (self._first, 0))[0] for name in ("stdout", "stderr")]
        earliest, bound = min(at), _seconds(max(at)) - OVERLAP
        return f"{_seconds(earliest)}.{earliest[20:29]}" if _seconds(earliest) > bound else f"{bound}.0"

    def again(self) -> None:
        """The log is read once more; what was there before is to be dropped."""
        self._old, self._from = dict(self._newest), self._first

    def takes(self, line: Line) -> bool:
        """Whether it was not there before."""
        name, at = lines.STREAMS[line.kind], line.at
        before, left = self._old.get(name, ("", 0))
        if at <= self._after or at < self._from or at < before:
            return False
        if at == before and left:
            self._old[name] = before, left - 1
            return False
        newest, count = self._newest.get(name, ("", 0))
        self._newest[name] = at, count + 1 if at == newest else 1
        self._first = self._first or at
        return True


class Log(Stream):
    def __init__(self, streams: Streams, message: Message) -> None:
        super().__init__(streams, message)
        self._tail = min(MOST, max(0, int(message.get("tail", 0))))
        after = str(message.get("after") or "")
        self._place = Place(lines.moment(after) if after else "")
        self._follow = bool(message.get("follow", True))
        self._start = asyncio.Event()
        self._died: Happened | None = None

    def happened(self, happened: Happened) -> None:
        if happened.action == "start":
            self._start.set()
        elif happened.action == "die":
            self._died = self._died or happened  # of several in a row, that of the run which was read

    def admit(self) -> None:
        logs = [stream for stream in self.streams.open.values() if isinstance(stream, Log)]
        same = sum(stream.container == self.container for stream in logs)
        if same >= PER_CONTAINER or len(logs) >= AT_ONCE:
            raise Over("too_many", CROWDED)

    async def run(self) -> Over:
        facts = await self.look()
        if facts is None:
            raise Over("absent", "The engine has no such container yet.")
        run = Run.of(facts)
        await self.say("stream.opened")
        while True:
            try:
                await self._read(run)
            except AWAY as exc:
                log.debug("the log of %s broke off: %s", self.name, exc)
            if not self._follow:
                return Over("ended")
            run = await self._next(run)

    async def _read(self, run: Run) -> None:
        """Until the engine says no more: when the container has ended, or when it ends itself."""
        docker = self.agent.docker
        query = {"stdout": "1", "stderr": "1", "timestamps": "1", "follow": str(int(self._follow))}
        query |= {"since": self._place.since, "tail": "all"} if self._place else {"tail": str(self._tail)}
        self._place.again()
        url = f"{docker.docker_host}/{docker.api_version}/containers/{run.id}/logs"
        async with docker.session.get(url, params=query) as answer:
            if answer.status != 200:
                await self._refused(answer)
                return
            cutter = Cutter(tty=run.tty)
            while data := await answer.content.read(READ):
                await self._write(cutter.feed(data))
            await self._write(cutter.rest())

    async def _refused(self, answer: aiohttp.ClientResponse) -> None:
        said = (await answer.text())[:500]
        if answer.status == 501 or "does not support reading" in said:
            raise Over("unreadable", UNREADABLE)
        if answer.status not in {404, 409}:  # taken away in this moment
            raise DockerError(answer.status, said)

    async def _write(self, found: Iterable[Line]) -> None:
        fresh = b"".join(bytes(line) for line in found if self._place.takes(line))
        if fresh:
            await self.outflow.write(fresh)

    async def _next(self, before: Run) -> Run:
        """The run to go on with: the next one, or this one where the engine only broke off."""
        told = False
        while True:
            self._start.clear()
            try:
                facts = await self.look()
            except AWAY:
                await asyncio.sleep(PAUSE)
                continue
            now = Run.of(facts) if facts else None
            if now and now.running and now.is_same(before):
                await asyncio.sleep(PAUSE)
                return now
            if not told:
                ended, code = self._end_of(before, now)
                await self.outflow.write(bytes(Line(lines.ENDED, ended, code)))
                self._place.start_at(ended)
                told = True
            if now and now.running:
                await self.outflow.write(bytes(Line(lines.STARTED, now.started, "")))
                if self._died and _moment(self._died.at) < now.started:
                    self._died = None  # heard late, of a run whose end was told
                return now
            try:
                async with asyncio.timeout(RELOOK):
                    await self._start.wait()
            except TimeoutError:
                continue

    def _end_of(self, before: Run, now: Run | None) -> tuple[str, str]:
        """When it ended, and its exit code where that is known: another run may have taken its place already, and
        then only the event told of it."""
        died, self._died = self._died, None
        if now and now.is_same(before) and now.finished > now.started:
            return now.finished, str(now.exit_code)
        if died:
            return _moment(died.at), "" if died.exit_code is None else str(died.exit_code)
        return now.started if now and now.running else _moment(datetime.now(UTC)), ""


def _moment(at: datetime) -> str:
    return lines.moment(at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"))


def _seconds(at: str) -> int:
    return max(0, int(datetime.fromisoformat(f"{at[:19]}+00:00").timestamp()))
