"""The audit log as CSV, row by row: a hundred thousand of them take no more memory than a few."""

import csv
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.db.models import Q, QuerySet
from django.http import HttpRequest, StreamingHttpResponse

from tenants import audit
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
_CHUNK = 1000  # rows that are in memory at a time
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet would run


class _Line:
    """A file for `csv.writer` that holds no more than what was just written."""

    def write(self, text: str) -> str:
        return text


def answer(
    request: HttpRequest, rows: QuerySet[AuditEvent], *, actor: User, tenant: Tenant | None, asked: dict[str, str]
) -> StreamingHttpResponse:
    """The rows as a download; that somebody took them is on record before the first one leaves."""
    audit.record(Action.AUDIT_EXPORT, actor=actor, target=tenant, tenant=tenant, asked=asked)
    lines = _lines(rows)
    # Each kind of server takes one kind of iterator as a stream, and would first gather up the other.
    body = _awaited(lines) if isinstance(request, ASGIRequest) else lines
    name = f"activity-{tenant.slug}.csv" if tenant else "activity.csv"
    return StreamingHttpResponse(
        body,
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
    )


def _lines(rows: QuerySet[AuditEvent]) -> Iterator[bytes]:
    writer = csv.writer(_Line())
    yield _encoded(writer.writerow(COLUMNS))
    for chunk in _chunks(rows):
        yield b"".join(
            _encoded(writer.writerow([at.isoformat(), *map(harmless, others), _json(detail)]))
            for _, at, *others, detail in chunk
        )


def _chunks(rows: QuerySet[AuditEvent]) -> Iterator[list[Any]]:
    """The rows in portions, newest first. Each is a query of its own, which goes on where the last one ended: nothing
    is held at the database while a slow reader takes its time, and what is added meanwhile is newer than all of them.
    """
    rest = rows.order_by("-at", "-pk")
    while chunk := list(rest.values_list("pk", *COLUMNS)[:_CHUNK]):
        yield chunk
        pk, at, *_ = chunk[-1]
        # The first part alone would do for the result; it is what lets the index find the place.
        rest = rows.filter(Q(at__lt=at) | Q(pk__lt=pk), at__lte=at).order_by("-at", "-pk")


def _json(detail: Any) -> str:
    return harmless(json.dumps(detail, ensure_ascii=False)) if detail else ""


def harmless(cell: Any) -> str:
    """The text of a cell, which no spreadsheet takes for a formula."""
    text = "" if cell is None else str(cell)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _encoded(line: Any) -> bytes:
    return str(line).encode()


async def _awaited(lines: Iterator[bytes]) -> AsyncIterator[bytes]:
    """The same lines, each chunk fetched in the thread that holds the request's connection to the database."""

    def following() -> bytes | None:
        return next(lines, None)

    while (chunk := await sync_to_async(following)()) is not None:
        yield chunk
