"""Visits are kept for `VISITS_DAYS`, and no longer."""

import datetime

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from access.models import Visit
from tenants import audit
from tenants.events import Action

_BATCH = 5000  # rows that one transaction takes away


def prune() -> None:
    """Drop what is older, a part at a time, each put on record as it goes; 0 days: keep everything."""
    if not settings.VISITS_DAYS:
        return
    before = timezone.now() - datetime.timedelta(days=settings.VISITS_DAYS)
    while keys := list(Visit.objects.filter(at__lt=before).order_by("at").values_list("pk", flat=True)[:_BATCH]):
        with transaction.atomic():
            if rows := Visit.objects.filter(pk__in=keys).delete()[0]:
                audit.record(Action.VISITS_PRUNE, actor=None, rows=rows, before=before.isoformat())
