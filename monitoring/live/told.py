"""Tells every hub that something has changed, from wherever it was changed: requests, workers, commands.

Whoever changes something does not wait for it, and is told of no failure: a hub asks anew at an interval anyway. What
is told within a moment goes out together, from one thread of the process with an event loop of its own.
"""

import asyncio
import logging
import os
import threading
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from monitoring.live import wire
from monitoring.live.link import Link

log = logging.getLogger(__name__)

GATHER = 0.02  # seconds
KINDS = ("seen", "containers", "users", "tenants", "sessions")


class Teller:
    """Of what: `seen`, containers that look otherwise now; `containers`, of which also who may see them may have
    changed; `users` and `tenants`, the same for all of theirs; `sessions`, which have ended.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: defaultdict[str, set[Any]] = defaultdict(set)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._process = 0
        self._some: asyncio.Event

    def tell(self, what: str, keys: Iterable[Any]) -> None:
        with self._lock:
            self._waiting[what].update(keys)
            if self._loop is None or self._process != os.getpid():  # a fork has no threads of its parent's
                self._begin()
            assert self._loop is not None
            self._loop.call_soon_threadsafe(self._some.set)

    def _begin(self) -> None:
        self._loop, self._process, self._some = asyncio.new_event_loop(), os.getpid(), asyncio.Event()
        threading.Thread(target=self._loop.run_until_complete, args=(self._run(),), name="told", daemon=True).start()

    async def _run(self) -> None:
        link = Link.speaking()
        while True:
            await self._some.wait()
            await asyncio.sleep(GATHER)
            self._some.clear()
            with self._lock:
                taken, self._waiting = self._waiting, defaultdict(set)
            try:
                await link.tell(wire.WEBS, {"type": "changed", **{name: list(keys) for name, keys in taken.items()}})
            except Exception:  # of whatever kind: the next change is to be told all the same
                log.exception("a change was not told")


_teller = Teller()
tell = _teller.tell
