"""A row of history as plain numbers, and how two of them become one. Pure."""

from dataclasses import dataclass, fields
from typing import Any


@dataclass(slots=True)
class Row:
    """One container over some time. Bytes; percent of one core. Fields are named as those of `History`."""

    samples: int
    cpu_samples: int
    cpu: float | None
    cpu_max: float | None
    memory: float
    memory_max: int
    rx: int
    tx: int
    read: int
    write: int
    pids: int

    def add(self, other: "Row") -> None:
        """Take in what was measured at another time: averages by their weight, maxima of maxima, sums of bytes."""
        if self.cpu is None or other.cpu is None:
            self.cpu = other.cpu if self.cpu is None else self.cpu
        else:
            compared = self.cpu_samples + other.cpu_samples
            self.cpu = (self.cpu * self.cpu_samples + other.cpu * other.cpu_samples) / compared
        self.cpu_samples += other.cpu_samples
        self.cpu_max = max((peak for peak in (self.cpu_max, other.cpu_max) if peak is not None), default=None)
        whole = self.samples + other.samples
        self.memory = (self.memory * self.samples + other.memory * other.samples) / whole
        self.memory_max = max(self.memory_max, other.memory_max)
        self.rx += other.rx
        self.tx += other.tx
        self.read += other.read
        self.write += other.write
        self.pids = max(self.pids, other.pids)
        self.samples = whole

    def columns(self) -> dict[str, Any]:
        """As it is stored."""
        return {name: getattr(self, name) for name in FIELDS} | {"memory": int(self.memory)}


FIELDS = tuple(field.name for field in fields(Row))
