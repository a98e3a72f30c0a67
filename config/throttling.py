"""How often a person may ask the API, counted over all processes in Redis.

Every view is counted by default, at `API_RATE`. What is dear says so in one line, by the names of its actions (of its
methods, where the view has no actions), and is counted at `API_COSTLY_RATE` as well: `costly = frozenset({"create"})`.
Who has not signed in is counted by address (by the /64 of an IPv6 one). Sockets are counted when they are opened, by
address and then by person, at `SOCKET_RATE`. Without Redis everything passes: better
unlimited for a while than shut.
"""

import logging
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from limits import RateLimitItemPerSecond
from limits.storage import storage_from_string
from limits.strategies import MovingWindowRateLimiter
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from rest_framework.throttling import BaseThrottle

from tenants.origin import origin
from tenants.proxies import neighbourhood

log = logging.getLogger(__name__)

PAUSE = 5.0  # seconds without another try once Redis did not answer: its time-out must not slow every request down
QUIET = 60.0  # seconds between two lines in the log about it
MANY = 5  # how many times as many sockets as a person may be opened from one address


@dataclass(frozen=True, slots=True)
class Window:
    """What is left of a quota after this request, and the seconds until the oldest that counts is forgotten."""

    policy: str
    quota: int
    seconds: int
    left: int
    resets: int
    admitted: bool


class _Counter:
    def __init__(self, url: str) -> None:
        uri = url.replace("unix://", "redis+unix://", 1)
        once: Any = Retry(NoBackoff(), 1)  # a connection that Redis has closed meanwhile is no outage
        options: dict[str, Any] = {"socket_connect_timeout": 0.5, "socket_timeout": 0.5, "retry": once}
        self._limiter = MovingWindowRateLimiter(storage_from_string(uri, **options))
        self._away_until = self._silent_until = 0.0

    def spend(self, rates: dict[str, str], who: str) -> Iterator[Window]:
        """Count one request against each of the rates in turn, until one has nothing left."""
        if time.monotonic() < self._away_until:
            return
        try:
            for policy, rate in rates.items():
                calls, _, seconds = rate.partition("/")
                item = RateLimitItemPerSecond(int(calls), int(seconds or 60), f"rate-{policy}")
                admitted = self._limiter.hit(item, who)
                seen = self._limiter.get_window_stats(item, who)
                resets = max(1, math.ceil(seen.reset_time - time.time()))
                yield Window(policy, item.amount, item.get_expiry(), max(0, seen.remaining), resets, admitted)
                if not admitted:
                    return
        except RedisError as exc:
            now = time.monotonic()
            self._away_until = now + PAUSE
            if now >= self._silent_until:
                self._silent_until = now + QUIET
                log.warning("requests are not counted: Redis is away (%s)", type(exc).__name__)


_counter = cache(_Counter)


def spend(request: HttpRequest, *, costly: bool = False) -> tuple[Window, ...]:
    """Count this request, once however often it is asked for; empty where nothing is counted."""
    known: tuple[Window, ...] | None = getattr(request, "windows", None)
    if known is None:
        rates = {"default": settings.API_RATE} | ({"costly": settings.API_COSTLY_RATE} if costly else {})
        user = getattr(request, "user", None)
        who = f"user-{user.pk}" if user and user.is_authenticated else f"address-{neighbourhood(origin.get().ip)}"
        known = tuple(_counter(settings.REDIS_URL).spend({name: rate for name, rate in rates.items() if rate}, who))
        request.windows = known  # type: ignore[attr-defined]  # ours
    return known


def spend_on_page() -> tuple[Window, ...]:
    """Count one form of somebody who has not signed in; empty where nothing is counted."""
    if not settings.PAGE_RATE:
        return ()
    who = f"address-{neighbourhood(origin.get().ip)}"
    return tuple(_counter(settings.REDIS_URL).spend({"pages": settings.PAGE_RATE}, who))


def admits_socket(person: str, address: str | None) -> bool:
    """Count a socket that a person opens or, where they are not known yet, an address."""
    if not settings.SOCKET_RATE:
        return True
    rate, who = settings.SOCKET_RATE, f"user-{person}"
    if not person:
        calls, _, seconds = rate.partition("/")
        rate, who = f"{MANY * int(calls)}/{seconds}", f"address-{neighbourhood(address)}"
    return all(window.admitted for window in _counter(settings.REDIS_URL).spend({"sockets": rate}, who))


class Rates(BaseThrottle):
    """Where REST framework asks: after it knows who it is, and before the view does anything."""

    def allow_request(self, request: Any, view: Any) -> bool:
        action = getattr(view, "action", None) or request.method.lower()
        self._windows = spend(request._request, costly=action in getattr(view, "costly", ()))
        return all(window.admitted for window in self._windows)

    def wait(self) -> float | None:
        return max((window.resets for window in self._windows if not window.admitted), default=None)
