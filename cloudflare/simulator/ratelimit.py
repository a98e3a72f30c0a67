"""1,200 calls per 5 minutes and credential; over it, nothing at all for the next 5 minutes (Cloudflare: API limits)."""

import math
from collections import deque


class RateLimit:
    """`speed` makes the window pass that many times faster than the clock."""

    def __init__(self, quota: int = 1200, window: float = 300.0, speed: float = 1.0) -> None:
        self.quota, self.window = quota, window / speed
        self._speed = speed
        self._calls: dict[str, deque[float]] = {}
        self._blocked: dict[str, float] = {}

    def hit(self, credential: str, now: float) -> tuple[dict[str, str], bool]:
        """Count a call: headers for its answer, and whether it goes through."""
        calls = self._calls.setdefault(credential, deque())
        while calls and calls[0] <= now - self.window:
            calls.popleft()
        until = self._blocked.get(credential, 0.0)
        if now >= until and len(calls) >= self.quota:
            until = self._blocked[credential] = now + self.window
        if now < until:
            return {**self._headers(0, until - now), "Retry-After": str(math.ceil(until - now))}, False
        calls.append(now)
        return self._headers(self.quota - len(calls), calls[0] + self.window - now), True

    def _headers(self, left: int, seconds: float) -> dict[str, str]:
        return {
            "Ratelimit": f'"default";r={left};t={math.ceil(seconds)}',
            "Ratelimit-Policy": f'"burst";q={self.quota};w={math.ceil(self.window)}',
        }

    def clear(self) -> None:
        self._calls.clear()
        self._blocked.clear()
