import datetime

from celery import shared_task
from django.utils import timezone

from monitoring.history import rolling
from monitoring.models import Sample

KEPT = datetime.timedelta(hours=1)


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
