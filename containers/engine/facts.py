"""What the engine says of a container, as values of ours."""

from collections.abc import Callable, Mapping
from typing import Any

from containers.engine.base import Listed, Observed
from containers.engine.hostconfig import CPU_PERIOD
from containers.engine.storage import limits_of

_STATES = {
    "created": "created",
    "running": "running",
    "paused": "running",
    "restarting": "restarting",
    "exited": "exited",
    "dead": "exited",
    "removing": "exited",
}


def observed(facts: Mapping[str, Any], volume: Callable[[str], Mapping[str, Any]]) -> Observed:
    """`facts`: as the engine inspects it; `volume` inspects one."""
    state, limits = facts["State"], facts["HostConfig"]
    return Observed(
        id=facts["Id"],
        name=facts["Name"].lstrip("/"),
        state=_STATES.get(state["Status"], "exited"),
        labels=facts["Config"]["Labels"] or {},
        started_at=state["StartedAt"],
        exit_code=None if state["Status"] == "running" else state["ExitCode"],
        oom_killed=state["OOMKilled"],
        **limits_of(facts, volume),
        memory=limits["Memory"],
        cpu=limits["CpuQuota"] * 1000 // (limits["CpuPeriod"] or CPU_PERIOD),
        paused=state["Status"] == "paused",
        half_removed=state["Status"] in {"dead", "removing"},
        networks=frozenset(facts["NetworkSettings"]["Networks"]),
    )


def listed(row: Mapping[str, Any]) -> Listed:
    """`row`: of the engine's list, where one that is half removed may have lost its name."""
    name = next(iter(row["Names"] or ()), "").lstrip("/")
    state = "paused" if row["State"] == "paused" else _STATES.get(row["State"], "exited")
    return Listed(row["Id"], name, state, row["Labels"] or {}, frozenset(row["NetworkSettings"]["Networks"]))
