"""What waits for one browser: nothing as long as it keeps up, else the newest of each kind and container.

A websocket's server buffers whatever it is given, so the browser itself says what has arrived. Up to `WINDOW` messages
go out unacknowledged; from then on a newer snapshot takes the place of one that waits.
"""

import json
import time
from collections.abc import Awaitable, Callable, Mapping

WINDOW = 32
MOST = 500  # containers of which something waits: more than anybody watches
PATIENCE = 60.0  # seconds for which something may wait and nothing be acknowledged


class Outbox:
    def __init__(self, send: Callable[[str], Awaitable[None]]) -> None:
        self._send = send
        self._sent = self._acknowledged = 0
        self._moved = time.monotonic()
        self._waiting: dict[str, dict[str, str]] = {}  # by container and kind
        self._numbers: dict[str, tuple[str, str]] = {}  # of statistics: when, and the numbers

    @property
    def stuck(self) -> bool:
        late = time.monotonic() - self._moved > PATIENCE
        return (late and bool(self._waiting or self._numbers)) or len(self._waiting) > MOST

    async def put(self, kind: str, container: str, text: str) -> None:
        """A message that a later one of its kind and container replaces."""
        if self._room():
            await self._out(text)
        else:
            self._waiting.setdefault(container, {})[kind] = text

    async def put_numbers(self, at: str, numbers: Mapping[str, str], text: str) -> None:
        """One pass of statistics; `numbers` by container, each as JSON, and `text` the whole message of them."""
        if self._room():
            await self._out(text)
        else:
            self._numbers |= {container: (at, each) for container, each in numbers.items()}

    def forget(self, container: str) -> None:
        """What waits about it is not for this browser any more."""
        self._numbers.pop(container, None)
        self._waiting.pop(container, None)

    async def acked(self, received: int) -> bool:
        """The browser has handled so many in all; False for a number that cannot be."""
        if not self._acknowledged <= received <= self._sent:
            return False
        if received > self._acknowledged:
            self._acknowledged, self._moved = received, time.monotonic()
        while self._waiting and self._room():
            container = next(iter(self._waiting))
            kinds = self._waiting[container]
            text = kinds.pop(next(iter(kinds)))
            if not kinds:
                del self._waiting[container]
            await self._out(text)
        while self._numbers and self._room():
            at = next(iter(self._numbers.values()))[0]
            pass_ = {container: each for container, (when, each) in self._numbers.items() if when == at}
            self._numbers = {key: value for key, value in self._numbers.items() if key not in pass_}
            await self._out(statistics(at, pass_))
        return True

    def _room(self) -> bool:
        return self._sent - self._acknowledged < WINDOW

    async def _out(self, text: str) -> None:
        if self._sent == self._acknowledged:
            self._moved = time.monotonic()
        self._sent += 1
        await self._send(text)


def statistics(at: str, numbers: Mapping[str, str]) -> str:
    """The message of one pass, from numbers that are JSON already."""
    body = ",".join(f'"{container}":{each}' for container, each in numbers.items())
    return f'{{"type":"statistics","sampled_at":{json.dumps(at)},"containers":{{{body}}}}}'
