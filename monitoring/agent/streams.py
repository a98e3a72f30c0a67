"""Logs and terminals on their way to browsers: opened and closed by web processes, alive for as long as those say so.

Each stream has a task of its own. How it ended is remembered for a while: whoever still speaks of it is told again, for
messages get lost where Redis goes away.
"""

import asyncio
import logging
import time
from abc import abstractmethod
from collections.abc import Coroutine, Mapping
from typing import Any

import aiohttp
from aiodocker import DockerError
from django.conf import settings

from containers.engine.base import LABEL, EngineAway
from monitoring.agent import Agent
from monitoring.agent.engine import CONTAINER, Happened
from monitoring.agent.execs import Endings
from monitoring.live import wire
from monitoring.live.link import Message
from monitoring.live.windows import Outflow

log = logging.getLogger(__name__)

AWAY = (EngineAway, aiohttp.ClientError, OSError, TimeoutError)
TICK = 0.5  # seconds between two looks at all streams
YOUNG = 2.0  # seconds in which a lease may not know of a stream yet: the two messages may swap places
REMEMBERED = 60.0  # seconds


class Over(Exception):
    """A stream has come to its end, for one of the reasons that docs/websockets.md lists."""

    def __init__(self, code: str, detail: str = "", exit_code: int | None = None) -> None:
        super().__init__(code)
        self.code, self.detail, self.exit_code = code, detail, exit_code


class Stream:
    """`run` it until it is over, then `release` what it took."""

    def __init__(self, streams: "Streams", message: Message) -> None:
        """Raises `KeyError`, `TypeError` and `ValueError` for what is no request for one."""
        self.streams, self.agent = streams, streams.agent
        self.id, self.web = str(message["stream"]), str(message["web"])
        self.container, self.name = str(message["container"]), str(message["name"])
        self.outflow = Outflow(self._pass_on, wire.OUTPUT_WINDOW)
        self.opened_at = self.renewed = self.moved = time.monotonic()  # `moved`: a byte went either way
        self.ending: asyncio.Future[Over] = asyncio.get_running_loop().create_future()  # by somebody else

    def admit(self) -> None:
        """Before it is opened. Raises `Over` where there is no room for it."""

    @abstractmethod
    async def run(self) -> Over:
        """Until it is over; why."""

    async def release(self, over: Over) -> None:
        """Called once after `run`, however that ended."""

    def take(self, offset: int, data: bytes) -> None:
        """Bytes from the browser."""

    def resize(self, columns: int, rows: int) -> None:
        """The browser's terminal has so much room now."""

    def happened(self, happened: Happened) -> None:
        """To its container, at the engine."""

    def tick(self) -> None:
        """Every half second. Raises `Over`."""

    async def say(self, kind: str, **facts: Any) -> None:
        await self.agent.send(self.web, {"type": kind, "stream": self.id, "agent": self.agent.link.channel, **facts})

    async def look(self) -> dict[str, Any] | None:
        """What the engine says of the container; None where it has none that is ours and this one."""
        async with asyncio.timeout(10):
            try:
                facts: dict[str, Any] = await self.agent.docker.containers.container(self.name).show()
            except DockerError as exc:
                if exc.status == 404:
                    return None
                raise EngineAway(str(exc)) from exc
        labels = facts["Config"]["Labels"] or {}
        ours = labels.get(LABEL) == settings.INSTALLATION and labels.get(CONTAINER) == self.container
        return facts if ours else None

    async def _pass_on(self, offset: int, data: bytes) -> None:
        if data:
            self.moved = time.monotonic()
        await self.say("stream.data", offset=offset, data=data)


class Streams:
    """All that are open at this agent."""

    def __init__(self, agent: Agent, kinds: Mapping[str, type[Stream]]) -> None:
        self.agent, self._kinds = agent, kinds
        self.open: dict[str, Stream] = {}
        self.endings = Endings()
        self._over: dict[str, tuple[float, str, Message]] = {}
        agent.on("stream.open", self._open)
        for kind in ("data", "ack", "resize", "close"):
            agent.on(f"stream.{kind}", self._passed)
        agent.leases.hear(self._leased)
        agent.engine.hear(self._happened)

    async def run(self) -> None:
        while True:
            await asyncio.sleep(TICK)
            now = time.monotonic()
            for stream in tuple(self.open.values()):
                try:
                    if now - stream.renewed > wire.LEASE:
                        raise Over("lease")
                    stream.tick()
                except Over as over:
                    self.close(stream, over)
                else:
                    await stream.outflow.resend()
            self._over = {key: kept for key, kept in self._over.items() if now - kept[0] < REMEMBERED}

    def close(self, stream: Stream, over: Over) -> None:
        if not stream.ending.done():
            stream.ending.set_result(over)

    # --- What web processes say ---------------------------------------------------------------------------------

    def _open(self, message: Message) -> None:
        if message["stream"] in self.open or message["stream"] in self._over or self.agent.stopping:
            return
        stream = self._kinds[message["kind"]](self, message)
        try:
            stream.admit()
        except Over as over:
            self._remember(stream, over)
            self._tell_again(stream.id)
        else:
            self.open[stream.id] = stream
            self.agent.spawn(self._live(stream))

    def _passed(self, message: Message) -> None:
        stream = self.open.get(message["stream"])
        if stream is None:
            self._tell_again(message["stream"])
            return
        match message["type"]:
            case "stream.data":
                stream.take(int(message["offset"]), bytes(message["data"]))
            case "stream.ack":
                stream.outflow.acked(int(message["offset"]), int(message.get("arrived", 0)))
            case "stream.resize":
                stream.resize(int(message["columns"]), int(message["rows"]))
            case "stream.close":
                self.close(stream, Over(str(message.get("reason") or "closed")[:20]))

    def _leased(self, web: str, held: frozenset[str]) -> None:
        now = time.monotonic()
        for stream in tuple(self.open.values()):
            if stream.web != web:
                continue
            if stream.id in held:
                stream.renewed = now
            elif now - stream.opened_at > YOUNG:
                self.close(stream, Over("lease"))
        for key in held:
            self._tell_again(key)

    def _tell_again(self, key: str) -> None:
        if key in self._over:
            _, web, message = self._over[key]
            self.agent.spawn(self._say(web, message))

    async def _say(self, web: str, message: Message) -> None:
        await self.agent.send(web, message)

    # --- What happens at the engine -----------------------------------------------------------------------------

    def _happened(self, happened: Happened) -> None:
        for stream in self.open.values():
            if stream.container == happened.container:
                stream.happened(happened)

    # --- One of them --------------------------------------------------------------------------------------------

    async def _live(self, stream: Stream) -> None:
        over = Over("closed")
        try:
            over = await _unless(stream.ending, stream.run())
            await stream.release(over)
            await _unless(stream.ending, _drained(stream, over))
        finally:
            del self.open[stream.id]
            self._remember(stream, over)
        _, web, message = self._over[stream.id]
        await self._say(web, message)

    def _remember(self, stream: Stream, over: Over) -> None:
        end = {"code": over.code, "detail": over.detail, "exit_code": over.exit_code}
        message = {"type": "stream.closed", "stream": stream.id, "agent": self.agent.link.channel, **end}
        self._over[stream.id] = time.monotonic(), stream.web, message


async def _unless(ending: asyncio.Future[Over], work: Coroutine[Any, Any, Over]) -> Over:
    """How the work ended; or `ending`, which ends it. So does the end of the agent."""
    task = asyncio.create_task(_outcome(work))
    try:
        await asyncio.wait([task, ending], return_when=asyncio.FIRST_COMPLETED)
    except asyncio.CancelledError:
        if not ending.done():
            ending.set_result(Over("closed"))
    if task.done():
        return task.result()
    await stopped(task)
    return ending.result()


async def _drained(stream: Stream, over: Over) -> Over:
    """All that came before the end has arrived when the end is told."""
    await stream.outflow.drained()
    return over


async def _outcome(work: Coroutine[Any, Any, Over]) -> Over:
    try:
        return await work
    except Over as over:
        return over
    except AWAY as exc:
        log.debug("a stream ended: %s", exc)
        return Over("engine_away", "The Docker engine does not answer.")
    except DockerError as exc:
        log.warning("the engine could not serve a stream: %s", exc)
        return Over("engine_away", "The Docker engine could not do this.")
    except Exception:  # a mistake of ours ends this stream, whose reader is told, and no other
        log.exception("a stream failed")
        return Over("closed", "Something went wrong at the host.")


async def stopped(task: asyncio.Task[Any]) -> None:
    """Cancel it, and once more where that was swallowed: before Python 3.12 `asyncio.wait_for` does, in which redis-py
    sends."""
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=0.5)
