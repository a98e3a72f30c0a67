import datetime

from celery import shared_task
from django.conf import settings
from django.db.models import F, Window
from django.db.models.functions import RowNumber
from django.utils import timezone

from monitoring.history import rolling
from monitoring.models import Incident, Sample

KEPT = datetime.timedelta(hours=1)
PART = 5000  # rows that one statement deletes
INCIDENTS = 200  # kept of one container: one that keeps crashing has hundreds an hour


@shared_task(name="monitoring.roll_up")
def roll_up() -> None:
    """Make the coarse rows of history out of the fine ones."""
    rolling.roll_up()


@shared_task(name="monitoring.prune")
def prune() -> None:
    """Drop the last samples of containers that have not been measured for long, and history whose time is over."""
    Sample.objects.filter(sampled_at__lt=timezone.now() - KEPT).delete()
    rolling.roll_up(whole=True)  # whatever came so late that nobody looked at it again
    rolling.prune()


@shared_task(name="monitoring.prune_incidents")
def prune_incidents() -> None:
    """Drop what happened more than `EVENTS_DAYS` ago, and all but the newest of each container."""
    if settings.EVENTS_DAYS:
        oldest = timezone.now() - datetime.timedelta(days=settings.EVENTS_DAYS)
        Incident.objects.filter(at__lt=oldest).delete()
    place = Window(RowNumber(), partition_by=F("container"), order_by=(F("at").desc(), F("pk").desc()))
    beyond = Incident.objects.order_by().annotate(place=place).filter(place__gt=INCIDENTS).values("pk")[:PART]
    while Incident.objects.filter(pk__in=beyond).delete()[0] == PART:
        continue
