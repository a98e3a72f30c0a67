"""What the engine shows of a container, as its status and its condition have it. Pure."""

from typing import Any

from containers.engine.base import Observed
from containers.models import EngineState


def facts(seen: Observed | None) -> dict[str, Any]:
    """Fields of the status."""
    if seen is None:
        return {"state": EngineState.ABSENT, "engine_id": ""}
    names = ("state", "started_at", "exit_code", "oom_killed")
    return {"engine_id": seen.id, **{name: getattr(seen, name) for name in names}}


def soon(seen: Observed, *, pending: bool) -> float | None:
    """Seconds until what may mend itself is looked at again; None where nothing is to be mended."""
    if seen.state == EngineState.RESTARTING:
        return 10  # the page should tell when a program that keeps ending has recovered
    return 30 if pending else None


def running(seen: Observed) -> tuple[bool, str, str]:
    """Status, reason and message of the condition Running."""
    if seen.state == EngineState.RUNNING:
        return True, "Running", ""
    ended = "it ran out of memory" if seen.oom_killed else f"exit code {seen.exit_code}"
    if seen.state == EngineState.RESTARTING:
        then = "Give it more memory in its settings." if seen.oom_killed else "Its log says more."
        return False, "Restarting", f"The program keeps ending ({ended}); it is being started again. {then}"
    return False, "Stopped", f"The container is not running ({ended})."
