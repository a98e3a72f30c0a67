"""One word for where a container is, and one for how it does. Pure; derived from the rows, never stored."""

import datetime
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext, gettext_noop

from containers import conditions
from containers.models import Container, Desired, EngineState


class Lifecycle(StrEnum):
    QUEUED = "queued"
    PROVISIONING = "provisioning"
    RUNNING = "running"
    STOPPING = "stopping"
    STOPPED = "stopped"
    SUSPENDED = "suspended"
    DELETING = "deleting"
    DELETED = "deleted"
    ERROR = "error"
    MISSING = "missing"

    @property
    def label(self) -> str:
        """For people."""
        return gettext(self.value)


# What the labels say, for the catalogue.
_LIFECYCLE = (
    gettext_noop("queued"),
    gettext_noop("provisioning"),
    gettext_noop("running"),
    gettext_noop("stopping"),
    gettext_noop("stopped"),
    gettext_noop("suspended"),
    gettext_noop("deleting"),
    gettext_noop("deleted"),
    gettext_noop("error"),
    gettext_noop("missing"),
)


class Health(StrEnum):
    HEALTHY = "healthy"
    DEGRADED = "degraded"
    UNHEALTHY = "unhealthy"
    UNKNOWN = "unknown"

    @property
    def label(self) -> str:
        """For people."""
        return gettext(self.value)


# What the labels say, for the catalogue.
_HEALTH = (gettext_noop("healthy"), gettext_noop("degraded"), gettext_noop("unhealthy"), gettext_noop("unknown"))


@dataclass(frozen=True, slots=True)
class Facts:
    """All that the two words depend on."""

    desired: str
    converged: bool
    state: str
    begun: bool
    overdue: bool
    deleted: bool = False
    suspended: bool = False


def lifecycle(facts: Facts) -> Lifecycle:
    if facts.deleted:
        return Lifecycle.DELETED
    if facts.overdue and not facts.converged:
        return Lifecycle.ERROR
    if facts.desired == Desired.ABSENT:
        return Lifecycle.DELETING
    if facts.suspended:
        going = facts.state in {EngineState.RUNNING, EngineState.RESTARTING} or not facts.converged
        return Lifecycle.STOPPING if going else Lifecycle.SUSPENDED
    if facts.desired == Desired.STOPPED:
        if facts.state == EngineState.RUNNING:
            return Lifecycle.STOPPING
        return Lifecycle.STOPPED if facts.converged else Lifecycle.STOPPING
    if facts.converged:
        return {
            EngineState.RUNNING: Lifecycle.RUNNING,
            EngineState.EXITED: Lifecycle.ERROR,
            EngineState.RESTARTING: Lifecycle.ERROR,
            EngineState.CREATED: Lifecycle.ERROR,
        }.get(EngineState(facts.state), Lifecycle.MISSING)
    return Lifecycle.PROVISIONING if facts.begun else Lifecycle.QUEUED


def health(phase: Lifecycle, ready: bool) -> Health:
    if phase is Lifecycle.RUNNING:
        return Health.HEALTHY if ready else Health.DEGRADED
    if phase in {Lifecycle.ERROR, Lifecycle.MISSING}:
        return Health.UNHEALTHY
    return Health.UNKNOWN


def deadline(container: Any) -> datetime.timedelta:
    """How long the change that is under way may take before people are told that it failed."""
    seconds = (
        settings.STOP_DEADLINE_SECONDS
        if container.suspended or container.desired == Desired.STOPPED
        else settings.PROVISION_DEADLINE_SECONDS
    )
    return datetime.timedelta(seconds=seconds)


def facts(container: Any, status: Any) -> Facts:
    """From the two rows, or from anything with the same attributes.

    Overdue means past its deadline, or stopped by a failure that more tries would not mend.
    """
    return Facts(
        desired=container.desired,
        converged=status.observed_generation >= container.generation,
        state=status.state,
        begun=bool(status.attempts or status.failures or status.observed_generation),
        overdue=bool(status.code)
        and (not status.retrying or timezone.now() - container.wanted_since > deadline(container)),
        deleted=container.deleted_at is not None,
        suspended=container.suspended,
    )


def of(container: Container) -> tuple[Lifecycle, Health]:
    """Both words; reads `container.status` and `container.conditions` (select and prefetch them for lists)."""
    return judge(facts(container, container.status), ready=conditions.ready(container))


def judge(seen: Facts, *, ready: bool) -> tuple[Lifecycle, Health]:
    """Both words, from facts that were read in whatever way."""
    phase = lifecycle(seen)
    return phase, health(phase, ready)
