"""The agent: the one process per Docker host that listens to its engine, and speaks for it on the channel layer.

`Agent` is what its parts share: the engine, the link to web processes, their leases, the database. A part is built with
the agent, hangs itself in, and may have something to run; `assembly` puts them together. Redis, engine and database may
each go and come back at any time, and no part waits for what it does not need.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Coroutine
from typing import Any, Protocol, TypeVar

from aiodocker import Docker

from monitoring.agent.database import Database
from monitoring.agent.engine import Engine
from monitoring.agent.leases import Leases
from monitoring.live import wire
from monitoring.live.link import Link, Message

log = logging.getLogger(__name__)

FIRST_PAUSE, LONGEST_PAUSE = 0.2, 2.0  # seconds before what failed is tried again
GOODBYE = 0.3  # seconds that saying it may take where the channel layer hangs
GRACE = 2.0  # seconds that streams and parts may take for their end; without open streams it takes a tenth
Result = TypeVar("Result")
Handler = Callable[[Message], None]


class Part(Protocol):
    async def run(self) -> None:
        """Until it is cancelled; what it raises is logged, and it is run again after a moment."""


class Agent:
    """`await run()` in an event loop of its own; `stop()` ends it."""

    def __init__(self) -> None:
        self.engine, self.leases, self.database = Engine(), Leases(), Database()
        self._link: Link | None = None
        self._handlers: dict[str, Handler] = {"lease": self.leases.take}
        self._parts: list[Part] = [self.engine, self.leases]
        self._spawned: set[asyncio.Task[None]] = set()
        self._stopping = asyncio.Event()

    # --- For its parts ------------------------------------------------------------------------------------

    @property
    def docker(self) -> Docker:
        """The engine's client, another one after each outage; raises `EngineAway` while there is none.

        It has no timeouts and no limit of connections: bound what you ask with `asyncio.timeout`.
        """
        return self.engine.docker

    @property
    def link(self) -> Link:
        """There from the first message on; `send` and `tell` below can be called at any time."""
        assert self._link is not None
        return self._link

    def on(self, kind: str, handler: Handler) -> None:
        """Have messages of this `type` handled. In the loop, one after the other: spawn what takes time."""
        self._handlers[kind] = handler

    def add(self, part: Part) -> None:
        self._parts.append(part)

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Do it beside everything else. Cancelled when the agent ends, which then waits for it for `GRACE` seconds."""
        task = asyncio.create_task(work)
        self._spawned.add(task)
        task.add_done_callback(self._done)
        return task

    async def in_database(self, work: Callable[[], Result]) -> Result:
        """Do it in the thread that has the connection to the database; it is never done in the loop."""
        return await self.database.do(work)

    async def send(self, channel: str, message: Message) -> bool:
        """To one web process; whether it went out."""
        return self._link is not None and await self._link.send(channel, message)

    async def tell(self, message: Message) -> bool:
        """To all web processes; whether it went out."""
        return self._link is not None and await self._link.tell(wire.WEBS, message)

    @property
    def stopping(self) -> bool:
        """Nothing is to be begun any more."""
        return self._stopping.is_set()

    # --- Its own life -------------------------------------------------------------------------------------

    def stop(self) -> None:
        self._stopping.set()

    async def run(self) -> None:
        """Until `stop`. What has been spawned ends first, so that it still has all that it needs for it.

        It says no more that it is here from then on, for another may be there already; and at the end, that it is gone.
        """
        loop = asyncio.get_running_loop()
        parts = [loop.create_task(self._kept(part.run)) for part in self._parts]
        parts.append(loop.create_task(self._kept(self._hear)))
        here = loop.create_task(self._kept(self._say_here))
        try:
            await self._stopping.wait()
        finally:
            deadline = time.monotonic() + GRACE
            here.cancel()
            await _end(self._spawned, deadline)
            await self._say_goodbye()
            await _end([here, *parts], deadline)
            self.database.close()

    async def _kept(self, run: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run it, and run it again whenever it failed, after 0.2 to 2 seconds.

        Not while the agent ends: a task group of whose children one fails at that very moment raises that failure, and
        its cancellation is forgotten (until Python 3.13).
        """
        pause = FIRST_PAUSE
        while not self.stopping:
            began = time.monotonic()
            try:
                await run()
            except Exception:  # a mistake in one part: the others, and what they tell, go on
                log.exception("a part of the agent failed; it is begun again")
            pause = FIRST_PAUSE if time.monotonic() - began > LONGEST_PAUSE else min(LONGEST_PAUSE, 2 * pause)
            await asyncio.sleep(0 if self.stopping else pause)

    async def _hear(self) -> None:
        if self._link is None:
            self._link = await Link.open(wire.AGENTS)
        async for message in self._link.messages():
            handler = self._handlers.get(message["type"])
            try:
                if handler is not None:
                    handler(message)
            except Exception:  # one message, from one web process: no reason to be deaf to the others
                log.exception("a message was not understood: %s", message["type"])

    async def _say_here(self) -> None:
        while not self.stopping:
            if self._link is not None:
                await self.tell({"type": "agent.here", "agent": self._link.channel, "at": time.time()})
            await asyncio.sleep(wire.HERE if self._link else FIRST_PAUSE)

    async def _say_goodbye(self) -> None:
        if self._link is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(GOODBYE):
                    await self.tell({"type": "agent.gone", "agent": self._link.channel})

    def _done(self, task: asyncio.Task[None]) -> None:
        self._spawned.discard(task)
        if task.cancelled() or not (failure := task.exception()):
            return
        if self.stopping:  # its time was over, and what it needed is gone
            log.warning("something was not done when the agent ended: %s", failure)
        else:
            log.error("unexpected failure", exc_info=failure)


async def _end(tasks: set[asyncio.Task[None]] | list[asyncio.Task[None]], deadline: float) -> None:
    """Cancel them, and once more whoever goes on all the same: before Python 3.12 `wait_for` may swallow it."""
    waiting = {*tasks}
    for patience in (deadline - time.monotonic(), 0):
        if not waiting:
            return
        for task in waiting:
            task.cancel()
        _, waiting = await asyncio.wait(waiting, timeout=max(0.1, patience))
