"""What containers moved over the network in a calendar month, in UTC. Whoever measures notes it here."""

import datetime
from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import F, Sum
from django.utils import timezone

from containers.models import Traffic

Moved = tuple[int, int]  # bytes received and sent


def month_of(at: datetime.datetime) -> datetime.date:
    return at.astimezone(datetime.UTC).date().replace(day=1)


def noted(containers: Iterable[Any], month: datetime.date) -> dict[str, Moved]:
    """By keys of containers; those that moved nothing are missing."""
    rows = Traffic.objects.filter(container_id__in=list(containers), month=month)
    return {str(key): (received, sent) for key, received, sent in rows.values_list("container", "received", "sent")}


def note(month: datetime.date, moved: Mapping[str, Moved]) -> None:
    """What these moved in that month in all: it takes the place of what was noted before."""
    rows = [Traffic(container_id=key, month=month, received=of[0], sent=of[1]) for key, of in moved.items()]
    Traffic.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["container", "month"], update_fields=["received", "sent"]
    )


def used(tenants: Iterable[Any]) -> dict[Any, int]:
    """Bytes that all containers of each tenant moved in this month, deleted ones too; by the keys of tenants."""
    rows = Traffic.objects.filter(container__tenant__in=list(tenants), month=month_of(timezone.now()))
    return dict(rows.values_list("container__tenant").annotate(bytes=Sum(F("received") + F("sent"))))
