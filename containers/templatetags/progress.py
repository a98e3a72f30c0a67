"""What the page of one container asks beside its phase: what goes on, its layers, since when it runs."""

import datetime

from django import template
from django.utils import dateparse

from containers import layers, progress
from containers.layers import Layer
from containers.models import Container
from containers.progress import Way
from containers.steps import Step
from containers.templatetags.containers import Phase

register = template.Library()

_TO_THE_SECOND = len("2026-01-01T00:00:00")  # the engine writes nanoseconds, of which Python reads six digits


@register.simple_tag
def way_of(container: Container, phase: Phase) -> Way | None:
    return progress.of(container, phase.lifecycle, phase.health)


@register.simple_tag
def layers_of(container: Container, phase: Phase) -> list[Layer]:
    return layers.of(container, phase.lifecycle)


@register.filter
def elapsed(step: Step) -> float | None:
    """Seconds that a step took, or has taken until now."""
    return step.seconds if step.finished_at else progress.seconds_since(step.started_at)


@register.filter
def running_since(container: Container) -> datetime.datetime | None:
    """When its program was started, to the second; None where that is not known."""
    return dateparse.parse_datetime(container.status.started_at[:_TO_THE_SECOND] + "Z")
