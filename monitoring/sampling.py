"""From readings to samples: rates come from our own reading before. Pure."""

from dataclasses import dataclass

from monitoring.cgroups import Reading


@dataclass(frozen=True, slots=True)
class Timed:
    """A reading and the monotonic time, in seconds, at which it was taken."""

    at: float
    reading: Reading


def cpu_percent(before: Timed | None, now: Timed) -> float | None:
    """Percent of one core since the reading before; None without one, or after a restart reset the counter."""
    if before is None or now.at <= before.at or now.reading.cpu_ns < before.reading.cpu_ns:
        return None
    used = now.reading.cpu_ns - before.reading.cpu_ns
    return round(used / ((now.at - before.at) * 1e9) * 100, 2)
