"""Asks the database, for many sockets at a time, who may still see what, and how it is now.

One question at a time and in a thread, so that a burst of changes becomes few questions.
"""

import asyncio
import logging
from collections.abc import Awaitable, Iterable
from typing import TYPE_CHECKING

from monitoring.live import rights, snapshots, visitors
from monitoring.live.codes import Close
from monitoring.live.database import in_database
from monitoring.live.rights import Rights
from monitoring.live.visitors import NotSignedIn, Visitor

if TYPE_CHECKING:
    from monitoring.live.hub import Hub
    from monitoring.live.socket import LiveSocket

log = logging.getLogger(__name__)

GATHER = 0.02  # seconds for which changes are gathered


class Review:
    def __init__(self, hub: "Hub") -> None:
        self._hub = hub
        self._changed: set[str] = set()
        self._doubted: set[LiveSocket] = set()
        self._some = asyncio.Event()

    def doubt(self, sockets: "Iterable[LiveSocket]") -> None:
        self._doubted.update(sockets)
        self._some.set()

    def refresh(self, containers: Iterable[str]) -> None:
        self._changed.update(containers)
        self._some.set()

    async def run(self) -> None:
        while True:
            await self._some.wait()
            await asyncio.sleep(GATHER)
            self._some.clear()
            changed, doubted = self._changed, self._doubted
            self._changed, self._doubted = set(), set()
            try:
                await self._pass(changed, doubted)
            except Exception:
                self._changed |= changed  # the database is away: what was asked is asked again
                self._doubted |= doubted
                self._some.set()
                await asyncio.sleep(1)
                raise

    async def _pass(self, changed: set[str], doubted: "set[LiveSocket]") -> None:
        sockets = (doubted | {each for key in changed for each in self._hub.watching(key)}) & self._hub.sockets
        # Rights first, on their own: whoever is to be out goes before anybody is told anything new.
        people = {socket.visitor.key: socket.visitor for socket in sockets}
        keys: dict[str, set[str]] = {}
        for socket in sockets:
            keys.setdefault(socket.visitor.key, set()).update(socket.held)
        found = await in_database(_ask, people, keys)
        for socket in sockets & self._hub.sockets:
            now, held = found[socket.visitor.key]
            await spared(socket, socket.judge(now, {key: held[key] for key in socket.held if key in held}))
        watched = {key for key in changed if self._hub.watching(key)}
        new = [(socket, key) for socket in sockets & self._hub.sockets for key in socket.take_fresh()]
        if watched or new:
            try:
                snapshot = await in_database(snapshots.of, watched | {key for _, key in new})
            except Exception:
                for socket, key in new:
                    socket.owe(key)
                raise
            told = [(socket, key) for key in watched for socket in self._hub.watching(key)]
            for socket, key in {*told, *new}:
                if key in snapshot:
                    await spared(socket, socket.shown(key, snapshot[key]))


async def spared(socket: "LiveSocket", work: Awaitable[None]) -> None:
    """What fails for one socket is that one's end, and nothing to the others."""
    try:
        await work
    except Exception:
        log.exception("a socket failed and is closed")
        await socket.end(Close.UNAVAILABLE)


Answer = tuple[Visitor | None, dict[str, Rights]]


def _ask(people: dict[str, Visitor], keys: dict[str, set[str]]) -> dict[str, Answer]:
    """By visitor: who they are now (None: nobody any more), and their rights by container."""
    found: dict[str, Answer] = {}
    for key, visitor in people.items():
        try:
            now = visitors.again(visitor)
        except NotSignedIn:
            found[key] = None, {}
        else:
            found[key] = now, rights.of(now.user, keys[key])
    return found
