"""Keeps a credential within Cloudflare's 1,200 calls per 5 minutes, over all processes that use it.

A fifth is kept for `Priority.URGENT`: revocations and teardown must not wait behind creations. So there are two
windows, one for everybody and one for the urgent alone, who use theirs up first: both together never hold more than
Cloudflare allows, and an ordinary call is counted in one step. The windows move, so that no 5 minutes of Cloudflare's,
wherever they begin, ever see more.
"""

import hashlib
import logging
import math
import time
from enum import Enum

from limits import RateLimitItem, RateLimitItemPerSecond
from limits.storage import MemoryStorage, Storage, storage_from_string
from limits.strategies import MovingWindowRateLimiter
from redis.exceptions import RedisError

from cloudflare.client.errors import Paced

log = logging.getLogger(__name__)

MARGIN = 1.01  # the window is taken a little longer than it is: a call arrives later than it was counted


class Priority(Enum):
    NORMAL = "normal"
    URGENT = "urgent"


class Pacer:
    """`rate` is `calls/seconds`; `storage` a Redis URL (`redis://`, `unix://`), or `memory://` for one process."""

    def __init__(self, storage: str, *, credential: str, rate: str = "1200/300", reserve: float = 0.2) -> None:
        calls, _, seconds = rate.partition("/")
        self._calls, self._seconds = int(calls), float(seconds or 1)
        self._name = hashlib.sha256(credential.encode()).hexdigest()[:16]
        window = max(1, round(self._seconds * MARGIN + 0.5))
        shared = int(self._calls * (1 - reserve))
        self._shared = RateLimitItemPerSecond(shared, window, "cf-shared")
        self._urgent = RateLimitItemPerSecond(self._calls - shared, window, "cf-urgent")
        self._local = MemoryStorage()
        uri = storage.replace("unix://", "redis+unix://", 1) if storage.startswith("unix://") else storage
        found = self._local if uri == "memory://" else storage_from_string(uri)
        assert isinstance(found, Storage)  # the URL names no asynchronous one
        self._storage: Storage = found
        self._limiter, self._spare = (
            MovingWindowRateLimiter(self._storage),
            MovingWindowRateLimiter(self._local),
        )

    def admit(self, priority: Priority = Priority.NORMAL) -> None:
        """Count one call, or raise `Paced` with the seconds until there is room."""
        try:
            self._admit(self._limiter, priority)
        except RedisError as exc:
            # Without Redis the processes cannot count together. Each then counts for itself: better than to
            # stand still while somebody waits to be shut out, and Cloudflare's own 429 is obeyed all the same.
            log.warning("calls to Cloudflare are paced per process: Redis is away (%s)", type(exc).__name__)
            self._admit(self._spare, priority)

    def _admit(self, limiter: MovingWindowRateLimiter, priority: Priority) -> None:
        if paused := self._paused(limiter.storage):
            raise Paced(paused)
        windows = [self._urgent, self._shared] if priority is Priority.URGENT else [self._shared]
        if not any(limiter.hit(window, self._name) for window in windows):
            raise Paced(min(self._wait(limiter, window) for window in windows))

    def _wait(self, limiter: MovingWindowRateLimiter, window: RateLimitItem) -> float:
        """Until the oldest call leaves the window."""
        return max(0.1, limiter.get_window_stats(window, self._name).reset_time - time.time())

    def pause(self, seconds: float) -> None:
        """Cloudflare said 429: nobody with this credential calls again before that."""
        whole = max(1, math.ceil(seconds))
        try:
            self._lengthen(self._storage, whole)
        except RedisError:
            self._lengthen(self._local, whole)

    def _lengthen(self, storage: Storage, seconds: int) -> None:
        """To so many from now, unless it is longer; to count once more would leave it as long as it was."""
        if self._paused(storage) < seconds:
            storage.clear(self._pause_key)
            storage.incr(self._pause_key, seconds)

    def _paused(self, storage: Storage) -> float:
        """Seconds; as long as the key is there, some are left, whatever Redis says in whole ones."""
        if not storage.get(self._pause_key):
            return 0.0
        return max(0.1, storage.get_expiry(self._pause_key) - time.time())

    @property
    def _pause_key(self) -> str:
        return f"cf-pause/{self._name}"

    def usage(self) -> tuple[int, int]:
        """Calls in the current window, and how many there may be."""
        windows = (self._shared, self._urgent)
        left = sum(self._limiter.get_window_stats(window, self._name).remaining for window in windows)
        return self._calls - left, self._calls
