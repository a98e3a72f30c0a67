"""The audit log as CSV."""

import json
from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, StreamingHttpResponse

from tenants import audit, download
from tenants.events import Action
from tenants.models import AuditEvent, Tenant, User

COLUMNS = (
    "at",
    "action",
    "outcome",
    "reason",
    "actor",
    "tenant",
    "target_type",
    "target_id",
    "target",
    "ip",
    "request_id",
    "detail",
)


def answer(
    request: HttpRequest, rows: QuerySet[AuditEvent], *, actor: User, tenant: Tenant | None, asked: dict[str, str]
) -> StreamingHttpResponse:
    """The rows as a download; that somebody took them is on record before the first one leaves."""
    audit.record(Action.AUDIT_EXPORT, actor=actor, target=tenant, tenant=tenant, asked=asked)
    name = f"activity-{tenant.slug}.csv" if tenant else "activity.csv"
    return download.answer(request, rows, COLUMNS, name, cells=cells)


def cells(values: Sequence[Any]) -> list[str]:
    *texts, detail = values
    written = json.dumps(detail, ensure_ascii=False) if detail else ""
    return [*("" if text is None else str(text) for text in texts), written]
