"""From what is wanted and what is seen to the next steps. Pure: no database, no engine."""

from dataclasses import dataclass
from enum import StrEnum


class Act(StrEnum):
    FETCH = "fetch"  # have all there that a container is made of: image and networks
    PULL = "pull"  # the same, but ask the registry for a newer one first
    CREATE = "create"
    START = "start"
    STOP = "stop"
    RESTART = "restart"
    RESUME = "resume"  # what somebody has paused
    UPDATE = "update"  # the limits, without a restart
    REMOVE = "remove"  # the container; its data stays


@dataclass(frozen=True, slots=True)
class Want:
    """`restart_from`: the start time that a wanted restart is to replace; empty when none is wanted.

    `specs`: what a container may have been made from to count as up to date. `pull_from`: one that was made at an
    earlier revision than this is replaced by one of the newest image. `limits`: memory and CPU.
    """

    exists: bool
    running: bool = False
    restart_from: str = ""
    specs: frozenset[str] = frozenset({""})
    pull_from: int = 0
    limits: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class Seen:
    """`fresh`: made, and never started: whoever made it may have been killed before it was on all its networks.

    `attached`: on all of them. `half_removed`: it can't be started any more, only be removed to the end.
    """

    running: bool
    started_at: str = ""
    spec: str = ""
    revision: int = 0
    limits: tuple[int, int] = (0, 0)
    fresh: bool = False
    attached: bool = True
    paused: bool = False
    half_removed: bool = False


def decide(want: Want, seen: Seen | None) -> list[Act]:
    """The acts that lead from `seen` (None: absent) to `want`, in order; empty means converged."""
    if not want.exists:
        return [Act.REMOVE] if seen else []
    start = [Act.START] if want.running else []
    if seen is None:
        return [Act.CREATE, *start]
    stop = [Act.STOP] if seen.running else []
    if seen.half_removed or seen.spec not in want.specs:
        # What it is made of first: as long as that can't be had, what runs goes on running.
        image = Act.PULL if seen.revision < want.pull_from else Act.FETCH
        return [image, *stop, Act.REMOVE, Act.CREATE, *start]
    update = [Act.UPDATE] if seen.limits != want.limits else []
    if not want.running:
        return [*stop, *update]
    # Adopted, and put on whatever network it is not on.
    attach = [Act.CREATE] if seen.fresh or not seen.attached else []
    if not seen.running:
        return [*attach, *update, Act.START]
    if want.restart_from and want.restart_from == seen.started_at:
        # Lowering memory may be refused to what runs, and never to what is stopped anyway.
        return [*attach, Act.STOP, *update, Act.START] if update else [*attach, Act.RESTART]
    return [*([Act.RESUME] if seen.paused else []), *attach, *update]
