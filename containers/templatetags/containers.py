"""What templates ask about containers."""

from dataclasses import dataclass
from typing import Any

from django import template

from containers import lifecycle, notices, storage, usage, visibility
from containers.lifecycle import Health, Lifecycle
from containers.models import Container
from containers.notices import Notice
from containers.steps import StepState
from containers.usage import Usage
from tenants.models import Tenant
from tenants.words import gettext as _

register = template.Library()

_STOPPABLE = {Lifecycle.QUEUED, Lifecycle.PROVISIONING, Lifecycle.RUNNING, Lifecycle.ERROR, Lifecycle.MISSING}


@dataclass(frozen=True, slots=True)
class Phase:
    """`actions`: (verb, label, CSS class) of the buttons that make sense now."""

    lifecycle: Lifecycle
    health: Health
    ready: bool
    limit: str
    notices: list[Notice]
    actions: list[tuple[str, str, str]]


@register.simple_tag
def phase(container: Container) -> Phase:
    word, health = lifecycle.of(container)
    return Phase(
        lifecycle=word,
        health=health,
        ready=health is Health.HEALTHY,
        limit=storage.words(container),
        notices=notices.of(container),
        actions=_actions(container, word),
    )


def _actions(container: Container, word: Lifecycle) -> list[tuple[str, str, str]]:
    if container.suspended:
        return [] if word is Lifecycle.DELETING else [("delete", _("Delete"), "danger")]
    found: list[tuple[str, str, str]] = []
    failed = bool(container.status.code) or any(step.state is StepState.FAILED for step in container.steps)
    # What holds, and has something to say all the same: its latest change failed.
    failed = failed or any(condition.status and condition.message for condition in container.conditions.all())
    if failed or word in {Lifecycle.ERROR, Lifecycle.MISSING}:
        found.append(("retry", _("Retry"), ""))
    if word in {Lifecycle.STOPPED, Lifecycle.STOPPING}:
        found.append(("start", _("Start"), ""))
    if word is Lifecycle.RUNNING:
        found.append(("restart", _("Restart"), ""))
    if word in _STOPPABLE:
        found.append(("stop", _("Stop"), ""))
    if word is not Lifecycle.DELETING:
        found.append(("delete", _("Delete"), "danger"))
    return found


@register.simple_tag(takes_context=True)
def held_on(context: Any, container: Container) -> frozenset[str]:
    """What whoever asks may do with it: the permissions that they hold."""
    return frozenset(visibility.held(context["request"].user, container))


@register.simple_tag
def offered(held: frozenset[str]) -> set[str]:
    """The verbs of those buttons that somebody with these permissions may press."""
    return {verb for verb in ("start", "stop", "restart", "retry") if "operate" in held} | (
        {"delete"} if "delete" in held else set()
    )


@register.simple_tag
def plan_usage(tenant: Tenant) -> Usage:
    return usage.of(tenant)


register.filter("worded", usage.worded)


@register.filter
def cores(cpu: int) -> str:
    """Thousandths of a core, as cores."""
    return f"{cpu / 1000:g}"


@register.filter
def duration(seconds: float | None) -> str:
    """`38 ms`, `0.31 s`, `12 s`; empty for None."""
    if seconds is None:
        return ""
    if seconds < 0.1:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.2f} s" if seconds < 10 else f"{seconds:.0f} s"
