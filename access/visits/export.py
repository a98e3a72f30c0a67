"""Visits as CSV."""

from django.db.models import QuerySet
from django.http import HttpRequest, StreamingHttpResponse

from access.models import Visit
from containers.models import Container
from tenants import audit, download
from tenants.events import Action
from tenants.models import User

COLUMNS = ("at", "email", "allowed", "action", "hostname", "connection", "ip", "ray_id", "grant_id")


def answer(
    request: HttpRequest, rows: QuerySet[Visit], *, actor: User, container: Container | None, asked: dict[str, str]
) -> StreamingHttpResponse:
    """The rows as a download; that somebody took them is on record before the first one leaves."""
    tenant = container.tenant if container else None
    audit.record(Action.VISITS_EXPORT, actor=actor, target=container, tenant=tenant, asked=asked)
    name = f"visits-{container.name}-{container.tenant.slug}.csv" if container else "visits.csv"
    return download.answer(request, rows, COLUMNS, name)
