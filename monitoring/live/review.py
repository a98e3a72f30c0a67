"""Asks the database, for many sockets at a time, who may still see what, and how it is now.

One question at a time and in a thread, so that a burst of changes becomes few questions.
"""

import asyncio
import logging
from collections.abc import Awaitable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from monitoring.live import rights, snapshots, visitors
from monitoring.live.codes import Close
from monitoring.live.database import REVIEWS, in_database
from monitoring.live.rights import Rights
from monitoring.live.visitors import Visitor
from tenants.models import User
from tenants.viewer import Viewer

if TYPE_CHECKING:
    from monitoring.live.hub import Hub
    from monitoring.live.socket import LiveSocket

log = logging.getLogger(__name__)

GATHER = 0.02  # seconds for which changes are gathered
FEW, FEWER = 100, 10  # sockets at a time that are asked about for no reason: alone, and beside others
# Containers that one question names: PostgreSQL takes 65,535 values in a statement, and whatever else comes waits.
MOST = 10_000


class Review:
    def __init__(self, hub: "Hub") -> None:
        self._hub = hub
        self._changed: set[str] = set()
        self._doubted: set[LiveSocket] = set()
        self._asked: dict[LiveSocket, None] = {}  # in the order in which they came
        self._later: set[LiveSocket] = set()
        self._some = asyncio.Event()

    def doubt(self, sockets: "Iterable[LiveSocket]") -> None:
        self._doubted.update(sockets)
        self._some.set()

    def ask(self, socket: "LiveSocket") -> None:
        """Its browser asks for more. So many at a time that they hold up nobody whose rights may have changed."""
        self._asked[socket] = None
        self._some.set()

    def doubt_later(self, sockets: "Iterable[LiveSocket]") -> None:
        """For no reason but that time has passed: a few at a time, behind all that has one."""
        self._later.update(sockets)
        self._some.set()

    def refresh(self, containers: Iterable[str]) -> None:
        self._changed.update(containers)
        self._some.set()

    async def run(self) -> None:
        while True:
            await self._some.wait()
            await asyncio.sleep(GATHER)
            changed, doubted = self._changed, self._doubted
            self._changed, self._doubted = set(), set()
            asked = self._next_asked()
            few = FEWER if changed or doubted or asked else FEW
            doubted |= {self._later.pop() for _ in range(min(few, len(self._later)))}
            if not self._later and not self._asked:
                self._some.clear()
            try:
                await self._pass(changed, [*doubted, *(socket for socket in asked if socket not in doubted)])
            except Exception:  # put back and raised on: `_forever` logs it and begins anew
                self._changed |= changed  # the database is away: what was asked is asked again
                self._doubted |= doubted
                self._asked = {**dict.fromkeys(asked), **self._asked}
                self._some.set()
                await asyncio.sleep(1)
                raise

    def _next_asked(self) -> "list[LiveSocket]":
        found, keys = [], 0
        while self._asked and keys < MOST:
            socket = next(iter(self._asked))
            del self._asked[socket]
            found.append(socket)
            keys += len(socket.held)
        return found

    async def _pass(self, changed: set[str], doubted: "Iterable[LiveSocket]") -> None:
        # Rights first, on their own: whoever is to be out goes before anybody is told anything new.
        sockets = [socket for socket in doubted if socket in self._hub.sockets]
        for part in _parts(sockets):
            held = [(socket.visitor, socket.held) for socket in part]
            for socket, (now, rights_) in zip(part, await in_database(_ask, held, threads=REVIEWS), strict=True):
                if socket in self._hub.sockets:
                    await spared(socket, socket.judge(now, rights_))
        new = [(socket, key) for socket in sockets if socket in self._hub.sockets for key in socket.take_fresh()]
        watched = {key for key in changed if self._hub.watching(key)}
        if watched or new:
            try:
                snapshot = await in_database(snapshots.of, watched | {key for _, key in new}, threads=REVIEWS)
            except Exception:  # owed again, and raised on
                for socket, key in new:
                    socket.owe(key)
                raise
            told = [(socket, key) for key in watched for socket in self._hub.watching(key)]
            for socket, key in {*told, *new}:
                if key in snapshot:
                    await spared(socket, socket.shown(key, snapshot[key]))
            self.doubt(each for key in watched - snapshot.keys() for each in self._hub.watching(key))  # it is gone


def _parts(sockets: "Iterable[LiveSocket]") -> "Iterator[list[LiveSocket]]":
    """As many at a time as hold `MOST` containers together."""
    part: list[LiveSocket] = []
    keys = 0
    for socket in sockets:
        if part and keys + len(socket.held) > MOST:
            yield part
            part, keys = [], 0
        part.append(socket)
        keys += len(socket.held)
    if part:
        yield part


async def spared(socket: "LiveSocket", work: Awaitable[None]) -> None:
    """What fails for one socket is that one's end, and nothing to the others."""
    try:
        await work
    except Exception:  # a mistake, or a connection in a state that nobody thought of
        log.exception("a socket failed and is closed")
        await socket.end(Close.UNAVAILABLE)


def _ask(held: Sequence[tuple[Visitor, frozenset[str]]]) -> list[tuple[Visitor | None, dict[str, Rights]]]:
    """Of each: who they are now (None: nobody any more), and their rights by container. Six statements for all."""
    present = visitors.again([visitor for visitor, _ in held])
    wanted: dict[User | Viewer, set[str]] = {}
    for now, (_, keys) in zip(present, held, strict=True):
        if now:
            wanted.setdefault(now.asks, set()).update(keys)
    found = rights.of(wanted)
    return [
        (now, {key: found[now.asks][key] for key in keys} if now else {})
        for now, (_, keys) in zip(present, held, strict=True)
    ]
