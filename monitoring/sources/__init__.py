"""Where numbers of running containers come from; the sources tell the same ones."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

LONGEST = 60.0  # seconds between two readings that say something together; by different clocks it is more


@dataclass(frozen=True, slots=True)
class Reading:
    """Counters at one moment: nanoseconds of CPU, bytes. `at`: seconds, by a clock that each source keeps to."""

    at: float
    cpu_ns: int
    memory_used: int
    memory_limit: int  # 0: none
    network_rx: int
    network_tx: int
    block_read: int
    block_write: int
    pids: int


class Source(Protocol):
    async def read_all(self, running: Mapping[str, str]) -> dict[str, Reading]:
        """By our own ids, from our ids and the engine's; without those that can't be read (any more)."""


def cpu_percent(before: Reading | None, now: Reading) -> float | None:
    """Percent of one core since the reading before; None without one, or after a restart reset the counter."""
    if before is None or not 0 < now.at - before.at < LONGEST or now.cpu_ns < before.cpu_ns:
        return None
    return round((now.cpu_ns - before.cpu_ns) / ((now.at - before.at) * 1e9) * 100, 2)
