"""Visits as rows: written by whoever imports them, and asked for when somebody came last."""

import datetime
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from django.db.models import Max

from access.models import Grant, Visit
from access.visits.ties import Span, grant_of


def keep(visits: Iterable[Visit]) -> None:
    """Store those that are not there yet, each with the grant that it goes back to; how often does not matter."""
    # In one order everywhere: two that store the same rows, or lock the same containers, never wait in a circle.
    rows = sorted({visit.pk: visit for visit in visits}.values(), key=lambda visit: (visit.container_id, visit.pk))
    spans = _spans(rows)
    for row in rows:
        row.grant_id = grant_of(row.at, row.allowed, spans[row.container_id, row.email])
    Visit.objects.bulk_create(rows, ignore_conflicts=True, batch_size=1000)


def _spans(rows: Iterable[Visit]) -> dict[tuple[Any, str], list[Span]]:
    found: dict[tuple[Any, str], list[Span]] = defaultdict(list)
    emails, containers = {row.email for row in rows}, {row.container_id for row in rows}
    grants = Grant.objects.filter(container__in=containers, email__in=emails)
    fields = ("container_id", "email", "pk", "created_at", "ended_at", "out_at")
    for container_id, email, *facts in grants.values_list(*fields):
        found[container_id, email].append(Span(*facts))
    return found


def last(grants: Iterable[Any]) -> dict[Any, datetime.datetime]:
    """When each of these grants last let somebody in, by its key; those that never did are not in it. One query."""
    keys = [getattr(grant, "pk", grant) for grant in grants]
    came = Visit.objects.filter(grant__in=keys, allowed=True)
    return dict(came.order_by().values_list("grant").annotate(last=Max("at")))
