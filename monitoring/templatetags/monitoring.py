"""What templates ask about what the agent saw."""

from django import template
from django.db.models import QuerySet

from containers.models import Container
from monitoring.models import Incident

register = template.Library()

SHOWN = 10


@register.simple_tag
def incidents_of(container: Container) -> QuerySet[Incident]:
    """What happened to it at the engine, the newest first."""
    return Incident.objects.filter(container=container)[:SHOWN]
