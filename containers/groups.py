"""What people look for in a list: four groups of where containers are. Pure by the two words, and the same in SQL."""

import datetime
from typing import Any

from django.conf import settings
from django.db.models import Case, CharField, F, IntegerField, Q, QuerySet, Value, When
from django.db.models import TextChoices as Choices
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from containers import conditions
from containers.lifecycle import Health, Lifecycle
from containers.models import Container, Desired, EngineState


class Group(Choices):
    """In the order in which they want to be seen."""

    PROBLEM = "problem", _("Problems")
    CHANGING = "changing", _("In progress")
    RUNNING = "running", _("Running")
    STOPPED = "stopped", _("Stopped")


_BY_LIFECYCLE = {
    Lifecycle.ERROR: Group.PROBLEM,
    Lifecycle.MISSING: Group.PROBLEM,
    Lifecycle.STOPPED: Group.STOPPED,
    Lifecycle.SUSPENDED: Group.STOPPED,
}


def of(lifecycle: Lifecycle, health: Health) -> Group:
    """Of one that is there. What runs and does not answer is a problem; an intentional stop is none."""
    if lifecycle is Lifecycle.RUNNING:
        return Group.RUNNING if health is Health.HEALTHY else Group.PROBLEM
    return _BY_LIFECYCLE.get(lifecycle, Group.CHANGING)


def grouped(rows: "QuerySet[Container]") -> "QuerySet[Container]":
    """The rows with `group`, the value of a `Group`, so that the database filters, counts and orders by it.

    `lifecycle` decides; this says the same of stored facts.
    """
    converged = Q(status__observed_generation__gte=F("generation"))
    halted = Q(suspended=True) | Q(desired=Desired.STOPPED)
    overdue = Q(status__retrying=False) | (
        halted & _older(settings.STOP_DEADLINE_SECONDS) | ~halted & _older(settings.PROVISION_DEADLINE_SECONDS)
    )
    failed = ~Q(status__code="") & overdue & ~converged
    runs = Q(status__state=EngineState.RUNNING)
    going = runs | Q(suspended=True, status__state=EngineState.RESTARTING)
    return rows.annotate(_met=conditions.met()).annotate(
        group=Case(
            When(failed, then=Value(Group.PROBLEM.value)),
            When(desired=Desired.ABSENT, then=Value(Group.CHANGING.value)),
            When(halted & converged & ~going, then=Value(Group.STOPPED.value)),
            When(halted, then=Value(Group.CHANGING.value)),
            When(converged & runs & Q(_met=conditions.count()), then=Value(Group.RUNNING.value)),
            When(converged, then=Value(Group.PROBLEM.value)),
            default=Value(Group.CHANGING.value),
            output_field=CharField(),
        )
    )


def urgency() -> Case:
    """To order grouped rows by: what wants to be seen first in front."""
    places = [When(group=group.value, then=Value(place)) for place, group in enumerate(Group)]
    return Case(*places, output_field=IntegerField())


def _older(seconds: float) -> Any:
    return Q(wanted_since__lt=timezone.now() - datetime.timedelta(seconds=seconds))
