"""What templates ask about what the agent saw."""

import datetime
from collections.abc import Iterable
from typing import Any

from django import template
from django.db.models import QuerySet
from django.utils import timezone

from containers.models import Container
from monitoring.models import Incident, Sample

register = template.Library()

SHOWN = 10
FRESH = datetime.timedelta(seconds=30)  # what was measured longer ago says nothing about now


@register.simple_tag
def incidents_of(container: Container) -> QuerySet[Incident]:
    """What happened to it at the engine, the newest first."""
    return Incident.objects.filter(container=container)[:SHOWN]


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
def of_its_cpu(percent: float, container: Container) -> float:
    """Percent of one core, as percent of what the container may use."""
    return percent * 1000 / container.cpu
