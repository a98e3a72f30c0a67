"""What somebody outside can make happen with every request, and what is to happen once in a while only."""

import time

from django.core.cache import cache
from redis.exceptions import RedisError

_MANY = 1000
_quiet_until: dict[str, float] = {}


def first(what: str, seconds: float) -> bool:
    """Whether it is the first time within so many seconds, in all processes; in this one alone while Redis is away."""
    now = time.monotonic()
    if now < _quiet_until.get(what, 0.0):
        return False
    if len(_quiet_until) >= _MANY:
        _quiet_until.clear()
    _quiet_until[what] = now + seconds
    try:
        return bool(cache.add(f"seldom/{what}", 1, timeout=max(1, round(seconds))))
    except RedisError:
        return True
