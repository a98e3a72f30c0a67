"""From what is measured every second to rows of ten seconds. Pure.

The engine's counters say what was moved since a container was started. What counts is the difference to the reading
before, whatever the time between them; it belongs to the bucket in which it was noticed. A counter that is lower than
before began anew, so it counts whole.
"""

import datetime
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from monitoring.history import FINEST
from monitoring.history.rows import Row

Numbers = Mapping[str, Any]  # of one container, as the agent publishes them


class Counters(NamedTuple):
    rx: int
    tx: int
    read: int
    write: int

    @classmethod
    def of(cls, numbers: Numbers) -> "Counters":
        network, block = numbers["network"], numbers["block"]
        return cls(network["rx"], network["tx"], block["read"], block["write"])

    def since(self, before: "Counters") -> "Counters":
        """What was moved between two readings."""
        return Counters(*(now - then if now >= then else now for now, then in zip(self, before, strict=True)))


ZERO = Counters(0, 0, 0, 0)  # of a container that was never measured: all that its counters say is still to be counted


class Known(NamedTuple):
    """Of a container: up to where its counters were counted, and what it received and sent in the calendar month."""

    counters: Counters = ZERO
    received: int = 0
    sent: int = 0

    def then(self, counters: Counters, moved: Counters) -> "Known":
        return Known(counters, self.received + moved.rx, self.sent + moved.tx)


class Bucket(NamedTuple):
    """A row that is over, and what was known at its end."""

    container: str
    at: int
    row: Row
    known: Known


def begun(at: datetime.datetime) -> int:
    """When the bucket began that a moment lies in, in seconds since 1970."""
    return int(at.timestamp()) // FINEST * FINEST


class Buckets:
    """Holds the open bucket of every container that is measured.

    For each reading: `turn` to its time, `learn` whoever is unknown, `take` it.
    """

    def __init__(self) -> None:
        self.at: int | None = None  # of the open bucket
        self._known: dict[str, Known] = {}
        self._rows: dict[str, Row] = {}

    def turn(self, at: datetime.datetime) -> list[Bucket]:
        """Open the bucket of that time; returns what is over by that."""
        over = self.close() if self.at != begun(at) else []
        self.at = begun(at)
        return over

    def unknown(self, containers: Iterable[str]) -> set[str]:
        return {container for container in containers if container not in self._known}

    def learn(self, container: str, known: Known, row: Row | None) -> None:
        """What is on record: what was counted, and what it has already in the open bucket."""
        self._known[container] = known
        if row is not None:
            self._rows[container] = row

    def take(self, containers: Mapping[str, Numbers]) -> None:
        for container, numbers in containers.items():
            counters, known = Counters.of(numbers), self._known.get(container, Known())
            moved = counters.since(known.counters)
            self._known[container] = known.then(counters, moved)
            cpu, used = numbers["cpu_percent"], numbers["memory"]["used"]
            second = Row(1, int(cpu is not None), cpu, cpu, used, used, *moved, pids=numbers["pids"])
            if (row := self._rows.get(container)) is None:
                self._rows[container] = second
            else:
                row.add(second)

    def close(self) -> list[Bucket]:
        """End the open bucket. Whoever was not measured in it is forgotten: what was counted is on record."""
        self._known = {container: self._known[container] for container in self._rows}
        over = [Bucket(name, self.at or 0, row, self._known[name]) for name, row in self._rows.items()]
        self.at, self._rows = None, {}
        return over
