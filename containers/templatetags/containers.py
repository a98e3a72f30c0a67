"""What templates ask about containers."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import template
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from containers import last_used, lifecycle, notices, storage, usage, visibility
from containers.lifecycle import Health, Lifecycle
from containers.models import Container, Template
from containers.notices import Notice
from containers.steps import StepState
from containers.usage import Over, Usage
from tenants import figures
from tenants.models import Tenant

register = template.Library()

_STOPPABLE = {Lifecycle.QUEUED, Lifecycle.PROVISIONING, Lifecycle.RUNNING, Lifecycle.ERROR, Lifecycle.MISSING}
_WAYS_OUT = {
    "containers": _("Delete those that nobody needs"),
    "memory": _("Give the largest container less memory, in its settings"),
    "cpu": _("Give the largest container less CPU, in its settings"),
    "storage": _("Delete files in the container that keeps the most"),
    "internet": _("Delete those that were made with internet"),
    "bandwidth": _("Move less until the month is over: traffic is counted, and nothing is slowed down"),
}


@dataclass(frozen=True, slots=True)
class Phase:
    """`actions`: (verb, label, CSS class) of the buttons that make sense now."""

    lifecycle: Lifecycle
    health: Health
    ready: bool
    limit: str
    notices: list[Notice]
    actions: list[tuple[str, StrOrPromise, str]]


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


def _actions(container: Container, word: Lifecycle) -> list[tuple[str, StrOrPromise, str]]:
    if container.suspended:
        return [] if word is Lifecycle.DELETING else [("delete", _("Delete"), "danger")]
    found: list[tuple[str, StrOrPromise, str]] = []
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
    return visibility.held_here(context["request"], container)


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
register.filter("cores", figures.cores)


@register.filter
def duration(seconds: float | None) -> str:
    """How long something took; empty for None."""
    return "" if seconds is None else figures.lasted(seconds)


@register.filter
def at(mapping: Mapping[Any, Any], key: Any) -> Any:
    """What a page's list says of one of its rows; nothing where it says nothing."""
    return mapping.get(key)


@register.filter
def started(container: Container) -> datetime.datetime | None:
    return last_used.started(container)


@register.filter
def drawing(template: Template) -> str:
    """The icon that stands for what a template makes."""
    known = {"hello": "globe", "echo": "swap", "notes": "edit", "workspace": "terminal"}
    return known.get(template.slug, "archive" if template.data_folder else "box")


@register.filter
def said(over: Over) -> str:
    """What is over the plan: what there is, and what the plan allows."""
    return usage.worded(over)


@register.filter
def way_out(over: Over) -> str:
    """What people can do about it themselves."""
    return str(_WAYS_OUT.get(over.what, ""))


@register.filter
def drawn(verb: str) -> str:
    """The icon of a button."""
    return {"start": "play", "delete": "trash"}.get(verb, verb)


@register.simple_tag
def templates_for(tenant: Tenant) -> QuerySet[Template]:
    """Those that it may make containers from."""
    return Template.objects.offered([tenant.plan])
