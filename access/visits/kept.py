"""Visits as rows: written by whoever imports them, and asked for when somebody came last."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery

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


def with_last(grants: QuerySet[Grant]) -> QuerySet[Grant]:
    """The grants with `last_visit`: when each last let somebody in; None for those that never did."""
    came = Visit.objects.filter(grant=OuterRef("pk"), allowed=True).order_by("-at").values("at")
    return grants.annotate(last_visit=Subquery(came[:1]))
