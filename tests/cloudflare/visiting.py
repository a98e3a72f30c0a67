"""The account's access log as a test fills it, and what is known of it here once it was read."""

import datetime
from collections import Counter
from typing import Any

from access.models import Visit
from cloudflare import visits
from cloudflare.models import Application, VisitCursor
from cloudflare.reconcile import names
from containers import loop
from containers.models import Container
from tenants.models import AuditEvent
from tests.parts import Cloud

MINUTE, HOUR = datetime.timedelta(minutes=1), datetime.timedelta(hours=1)


def app_of(box: Container) -> str:
    return Application.objects.get(container=box).app_id


def told(cloud: Cloud, app: str, at: datetime.datetime, **more: Any) -> dict[str, Any]:
    row = {"app_uid": app, "created_at": at.isoformat(), "user_email": "gina@example.com", **more}
    found: dict[str, Any] = cloud.control("POST", "log", row)
    return found


def read() -> VisitCursor:
    """As beat and its worker do."""
    VisitCursor.objects.ring()
    for pk in visits.due():
        loop.run(names.VISITS, pk)
    return VisitCursor.objects.get()


def rays() -> Counter[str]:
    return Counter(Visit.objects.values_list("ray_id", flat=True))


def gaps() -> list[dict[str, Any]]:
    return list(AuditEvent.objects.filter(action="visits:gap").values_list("detail", flat=True))
