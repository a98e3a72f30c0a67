"""From what is wanted and what is seen to the next steps. Pure: no database, no engine."""

from dataclasses import dataclass
from enum import StrEnum


class Act(StrEnum):
    CREATE = "create"
    START = "start"
    STOP = "stop"
    RESTART = "restart"
    REMOVE = "remove"


@dataclass(frozen=True, slots=True)
class Want:
    """`restart_from`: the start time that a wanted restart is to replace; empty when none is wanted."""

    exists: bool
    running: bool = False
    restart_from: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    running: bool
    started_at: str = ""


def decide(want: Want, seen: Seen | None) -> list[Act]:
    """The acts that lead from `seen` (None: absent) to `want`, in order; empty means converged."""
    if not want.exists:
        return [Act.REMOVE] if seen else []
    if seen is None:
        return [Act.CREATE, Act.START] if want.running else [Act.CREATE]
    if not want.running:
        return [Act.STOP] if seen.running else []
    if not seen.running:
        return [Act.START]
    if want.restart_from and want.restart_from == seen.started_at:
        return [Act.RESTART]
    return []
