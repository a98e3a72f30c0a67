"""What templates ask about what the agent saw."""

import datetime
from collections.abc import Iterable
from typing import Any

from django import template
from django.template.defaultfilters import floatformat
from django.utils import timezone

from access import happened as record
from containers.models import Container
from monitoring import happened
from monitoring.happened import Happening
from monitoring.models import Sample

register = template.Library()

SHOWN = 5
FRESH = datetime.timedelta(seconds=30)  # what was measured longer ago says nothing about now


@register.simple_tag(takes_context=True)
def happened_to(context: Any, container: Container) -> list[Happening]:
    """The latest, as far as whoever asks may know of it; the newest first."""
    return happened.to(container, SHOWN, by_people=record.may_read(context["request"], container))


@register.simple_tag
def sample_of(container: Container) -> Sample | None:
    """Its newest numbers, for pages that nothing moves."""
    return Sample.objects.filter(container=container, sampled_at__gt=timezone.now() - FRESH).first()


@register.simple_tag
def samples_among(containers: Iterable[Container]) -> dict[Any, Sample]:
    """The newest numbers of a page's containers, by key, of those that were measured just now; one query."""
    keys = [container.pk for container in containers]
    found = Sample.objects.filter(container__in=keys, sampled_at__gt=timezone.now() - FRESH) if keys else ()
    return {sample.container_id: sample for sample in found}


@register.filter
def of_its_cpu(percent: float | None, container: Container) -> float | None:
    """Percent of one core, as percent of what the container may use; None where nothing was measured."""
    return percent * 1000 / container.cpu if isinstance(percent, float) else None


@register.filter
def percent(share: float) -> str:
    """As the scripts write it: a number keeps its shape when the live one takes its place."""
    return f"{floatformat(share, 1 if share < 10 else 0)}\u00a0%"
