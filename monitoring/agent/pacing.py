"""How often something may happen on behalf of one key, before the rest is let go."""

import time
from collections import Counter
from collections.abc import Hashable


class Pace:
    """Of each key `burst` at once, and `rate` a second from then on. What is refused is counted."""

    def __init__(self, rate: float, burst: int) -> None:
        self._rate, self._burst = rate, float(burst)
        self._left: dict[Hashable, tuple[float, float]] = {}  # what is left, and when that was so
        self._refused: Counter[Hashable] = Counter()

    def allows(self, key: Hashable) -> bool:
        now = time.monotonic()
        left = self._at(key, now)
        allowed = left >= 1
        self._left[key] = left - allowed, now
        if not allowed:
            self._refused[key] += 1
        return allowed

    def refused(self) -> Counter[Hashable]:
        """How many there were since this was last asked; call it every now and then, it forgets who is at rest."""
        now, found = time.monotonic(), self._refused
        self._left = {key: kept for key, kept in self._left.items() if self._at(key, now) < self._burst}
        self._refused = Counter()
        return found

    def _at(self, key: Hashable, now: float) -> float:
        left, at = self._left.get(key, (self._burst, now))
        return min(self._burst, left + (now - at) * self._rate)
