"""What goes wrong on demand: rules that match API calls and say how they fail."""

import asyncio
import itertools
import re
from dataclasses import dataclass, field
from typing import Any

KINDS = {"latency", "status", "lost", "dropped", "hold_before", "hold_after"}
_numbers = itertools.count(1)


@dataclass
class Fault:
    """`skip` calls pass before it begins, then it strikes `times` (0: until it is cleared).

    | kind | what happens |
    |---|---|
    | latency | the call takes `ms` longer |
    | status | `status` is answered, with `retry_after` if given; nothing is done |
    | lost | the work is done, then the connection breaks |
    | dropped | the connection breaks, nothing is done |
    | hold_before, hold_after | the call waits before its work, or before its answer, until it is released |
    """

    kind: str
    method: str = ".*"
    path: str = ".*"
    ms: float = 0.0
    status: int = 500
    retry_after: float | None = None
    times: int = 0
    skip: int = 0
    id: int = field(default_factory=lambda: next(_numbers))
    struck: int = 0
    seen: int = 0
    released: asyncio.Event = field(default_factory=asyncio.Event)

    def strikes(self, method: str, path: str) -> bool:
        """Whether this call is hit; counts it."""
        if not re.fullmatch(self.method, method) or not re.search(self.path, path):
            return False
        self.seen += 1
        if self.seen <= self.skip or (self.times and self.struck >= self.times):
            return False
        self.struck += 1
        return True

    def shown(self) -> dict[str, Any]:
        return {"id": self.id, "kind": self.kind, "struck": self.struck, "seen": self.seen}


class Faults:
    def __init__(self) -> None:
        self.active: list[Fault] = []

    def add(self, raw: dict[str, Any]) -> Fault:
        """Raises ValueError for what is no fault."""
        try:
            fault = Fault(**raw)
            re.compile(fault.method), re.compile(fault.path)
        except (TypeError, re.error) as exc:
            raise ValueError(str(exc)) from exc
        if fault.kind not in KINDS:
            raise ValueError(f"kind is one of {', '.join(sorted(KINDS))}")
        self.active.append(fault)
        return fault

    def clear(self) -> None:
        for fault in self.active:
            fault.released.set()
        self.active.clear()

    def striking(self, method: str, path: str) -> list[Fault]:
        return [fault for fault in self.active if fault.strikes(method, path)]
