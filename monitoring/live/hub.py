"""One hub per web process: the process's one ear on the channel layer, with all its sockets behind it.

What comes in is made into text once and handed to the sockets within the process. The hub asks the agents for what
its sockets watch, by leases that run out where it dies, and it asks again who may see what whenever that may have
changed: when it is told so, when a grant or a sign-in comes to its end, and at an interval, for what it was told of
while Redis was away.
"""

import asyncio
import contextvars
import json
import logging
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from django.conf import settings

from monitoring.live import outbox, told, wire
from monitoring.live.codes import Close
from monitoring.live.link import Link, Message
from monitoring.live.review import Review, spared
from monitoring.live.stream import Stream

if TYPE_CHECKING:
    from monitoring.live.socket import LiveSocket
    from monitoring.live.stream_socket import StreamSocket

log = logging.getLogger(__name__)

RECHECK = 15.0  # seconds after which everybody's rights are asked again, whether or not anything was heard
_hubs: "WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Task[Hub]]" = WeakKeyDictionary()


async def current() -> "Hub":
    """The one of this event loop; waits for Redis where it is away at the first."""
    loop = asyncio.get_running_loop()
    if loop not in _hubs or (_hubs[loop].done() and (_hubs[loop].cancelled() or _hubs[loop].exception())):
        # In a context of its own: that of the socket which happens to be the first has its visitor's language.
        _hubs[loop] = loop.create_task(Hub.open(), context=contextvars.Context())
    return await asyncio.shield(_hubs[loop])


class Hub:
    def __init__(self, link: Link) -> None:
        self.link = link
        self.sockets: set[LiveSocket] = set()
        self.streams: dict[str, Stream] = {}
        self._people: Counter[Any] = Counter()
        self._watchers: dict[str, set[LiveSocket]] = {}
        self._agent, self._heard = "", time.monotonic()  # that none has spoken yet says nothing
        self._lease = asyncio.Event()
        self._review = Review(self)
        self._tasks: list[asyncio.Task[None]] = []
        self._errands: set[asyncio.Task[Any]] = set()

    @classmethod
    async def open(cls) -> "Hub":
        hub = cls(await Link.open(wire.WEBS))
        for work in (hub._hear, hub._renew, hub._tick, hub._review.run):
            hub._tasks.append(asyncio.create_task(_forever(work)))
        return hub

    async def close(self) -> None:
        """For tests: a process that ends takes its hub with it."""
        while not all(task.done() for task in self._tasks):  # before Python 3.12 `wait_for` may swallow a cancellation
            for task in self._tasks:
                task.cancel()
            await asyncio.wait(self._tasks, timeout=0.5)
        _hubs.pop(asyncio.get_running_loop(), None)

    # --- Sockets ----------------------------------------------------------------------------------------------
    def add(self, socket: "LiveSocket") -> bool:
        """False for one more than a person may have open."""
        person = socket.visitor.user.pk
        if self._people[person] >= settings.SOCKETS_PER_PERSON:
            return False
        self._people[person] += 1
        self.sockets.add(socket)
        return True

    def drop(self, socket: "LiveSocket") -> None:
        if socket not in self.sockets:
            return
        self.sockets.discard(socket)
        self._people[socket.visitor.user.pk] -= 1
        if not self._people[socket.visitor.user.pk]:
            del self._people[socket.visitor.user.pk]
        for container in socket.held:
            self.unwatch(container, socket)
        if socket.watched:
            self.show()
        for stream in [stream for stream in self.streams.values() if stream.socket is socket]:
            stream.close()

    def watch(self, container: str, socket: "LiveSocket") -> None:
        """Have it told of this one, which it holds; whether it may see it is to be asked."""
        self._watchers.setdefault(container, set()).add(socket)

    def unwatch(self, container: str, socket: "LiveSocket") -> None:
        watching = self._watchers.get(container, set())
        watching.discard(socket)
        if not watching:
            self._watchers.pop(container, None)

    def watching(self, container: str) -> "Iterable[LiveSocket]":
        return tuple(self._watchers.get(container, ()))

    @property
    def measuring(self) -> bool:
        """Whether an agent has given a sign of life of late, or may be about to."""
        return time.monotonic() - self._heard < wire.AWAY

    def doubt(self, sockets: "Iterable[LiveSocket]") -> None:
        """Ask again who these people are and what they may see."""
        self._review.doubt(sockets)

    def refresh(self, containers: Iterable[str]) -> None:
        """Tell whoever watches these how they are now."""
        self._review.refresh(key for key in containers if key in self._watchers)

    def ask(self, socket: "LiveSocket") -> None:
        """Its browser asks to see more: in its turn, behind all that may have changed."""
        self._review.ask(socket)

    def show(self) -> None:
        """The sockets are shown the numbers of others than before: agents are to hear of it soon."""
        self._lease.set()

    # --- Streams ----------------------------------------------------------------------------------------------
    async def stream(self, socket: "StreamSocket", kind: str, container: str, **options: Any) -> None:
        """Ask the agents for one; the socket hears what becomes of it. It lives until either end closes it."""
        # An agent may be quicker than Redis says that it was asked.
        made = socket.stream = Stream(self, socket)
        self.streams[made.id] = made
        await made.open(kind, container, options)

    def later(self, errand: Coroutine[Any, Any, Any]) -> None:
        """Have it done, and wait for nothing."""
        task = asyncio.get_running_loop().create_task(errand)
        self._errands.add(task)
        task.add_done_callback(self._errands.discard)

    # --- What comes in ----------------------------------------------------------------------------------------
    async def _hear(self) -> None:
        async for message in self.link.messages():
            try:
                await self._take(message)
            except (KeyError, TypeError, ValueError):  # of another version, during an upgrade
                log.exception("a message was not understood")

    async def _take(self, message: Message) -> None:
        match message["type"]:
            case "statistics":
                await self._statistics(message["at"], message["containers"])
            case "event":
                await self._event(message)
            case "changed":
                await self._changed(**{name: set(message.get(name, ())) for name in told.KINDS})
            case "agent.here":
                await self._here(message["agent"])
            case "agent.gone":
                await self._gone(message["agent"])
            case kind if kind.startswith("stream.") and message.get("stream") in self.streams:
                await self.streams[message["stream"]].take(kind, message)

    async def _here(self, agent: str) -> None:
        back = not self.measuring
        self._heard = time.monotonic()
        if agent != self._agent:
            before, self._agent = self._agent, agent
            if before:
                await self._gone(before)
            self._lease.set()
        if back:
            await self._measured(measuring=True)

    async def _gone(self, agent: str) -> None:
        for stream in [each for each in self.streams.values() if each.agent == agent]:
            await spared(stream.socket, stream.lost())

    async def _changed(
        self, seen: set[str], containers: set[str], users: set[Any], tenants: set[Any], sessions: set[str]
    ) -> None:
        for socket in [each for each in self.sockets if each.visitor.session_digest in sessions]:
            await spared(socket, socket.end(Close.SIGNED_OUT))
        self.doubt(each for each in self.sockets if each.visitor.user.pk in users or each.tenants & tenants)
        self.doubt(each for key in containers for each in self.watching(key))
        self.refresh(seen | containers)

    async def _measured(self, *, measuring: bool) -> None:
        for socket in tuple(self.sockets):
            await spared(socket, socket.measured(measuring=measuring))

    async def _statistics(self, at: str, containers: dict[str, Any]) -> None:
        """To each socket the part that it watches; those that watch the same get the very same text."""
        parts = {key: json.dumps(numbers, separators=(",", ":")) for key, numbers in containers.items()}
        texts: dict[frozenset[str], tuple[dict[str, str], str]] = {}
        for socket in {each for key in parts for each in self.watching(key) if key in each.watched}:
            wanted = socket.watched
            if wanted not in texts:
                mine = {key: part for key, part in parts.items() if key in wanted}
                texts[wanted] = mine, outbox.statistics(at, mine)
            await spared(socket, socket.numbers(at, *texts[wanted]))

    async def _event(self, message: Message) -> None:
        facts = {name: message[name] for name in ("container", "at", "event", "exit_code")}
        text = json.dumps({"type": "event", **facts}, separators=(",", ":"))
        for socket in self.watching(message["container"]):
            await spared(socket, socket.told("event", message["container"], text))

    # --- What goes on by itself -------------------------------------------------------------------------------
    async def _renew(self) -> None:
        """Renew the leases; at once when what is shown has changed, many changes at a time."""
        while True:
            streams = [stream.id for stream in self.streams.values()]
            shown = list(set[str]().union(*(socket.watched for socket in self.sockets)))
            lease = {"type": "lease", "web": self.link.channel, "containers": shown, "streams": streams}
            await self.link.tell(wire.AGENTS, lease)
            try:
                async with asyncio.timeout(wire.RENEW):
                    await self._lease.wait()
                await asyncio.sleep(0.05)
            except TimeoutError:
                continue
            finally:
                self._lease.clear()

    async def _tick(self) -> None:
        """Every second: is the agent gone, does a stream stand still, is a socket slow or its time over?"""
        checked, measuring = time.monotonic(), self.measuring
        while True:
            await asyncio.sleep(1)
            if measuring and not self.measuring:
                await self._measured(measuring=False)
                await self._gone(self._agent)
            measuring = self.measuring
            for stream in tuple(self.streams.values()):
                await spared(stream.socket, stream.tick())
            for socket in tuple(self.sockets):
                await spared(socket, socket.tick())
            if time.monotonic() - checked > RECHECK:
                checked = time.monotonic()
                self._review.doubt_later(self.sockets)


async def _forever(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """A part that fails is begun anew: sockets must not go deaf by one mistake."""
    while True:
        try:
            await work()
        except Exception:  # whatever it is, it is logged
            log.exception("%s failed and is begun anew", work.__qualname__)
            await asyncio.sleep(0.5)
