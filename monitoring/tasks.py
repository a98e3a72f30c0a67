import datetime

from celery import shared_task
from django.utils import timezone

from monitoring.models import Sample

KEPT = datetime.timedelta(hours=1)


@shared_task(name="monitoring.prune")
def prune() -> None:
    """Drop the last samples of containers that have not been measured for long."""
    Sample.objects.filter(sampled_at__lt=timezone.now() - KEPT).delete()
