"""Rows as CSV, a few at a time: a hundred thousand of them take no more memory than a thousand.

The heads of the columns are names of the API's fields, and times are in UTC, whatever the reader's language and zone:
a file is read by programs as well, and two of them can be laid beside each other.
"""

import csv
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Any

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.db.models import Q, QuerySet
from django.http import HttpRequest, StreamingHttpResponse

_CHUNK = 1000  # rows that are in memory at a time
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet would run


class _Line:
    """A file for `csv.writer` that holds no more than what was just written."""

    def write(self, text: str) -> str:
        return text


def answer(
    request: HttpRequest,
    rows: QuerySet[Any],
    columns: Sequence[str],
    name: str,
    *,
    cells: Callable[[Sequence[Any]], list[str]] | None = None,
) -> StreamingHttpResponse:
    """The rows as the file `name`, the newest first. They have a time `at`, which is the first of the columns.

    `cells` makes texts of what the other columns hold; without it, each is written as it is.
    """
    lines = _lines(rows, columns, cells or _as_they_are)
    # Each kind of server takes one kind of iterator as a stream, and would first gather up the other.
    body = _awaited(lines) if isinstance(request, ASGIRequest) else lines
    return StreamingHttpResponse(
        body,
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
    )


def _lines(rows: QuerySet[Any], columns: Sequence[str], cells: Callable[[Sequence[Any]], list[str]]) -> Iterator[bytes]:
    writer = csv.writer(_Line())
    yield _encoded(writer.writerow(columns))
    for chunk in _chunks(rows, columns):
        yield b"".join(
            _encoded(writer.writerow([at.isoformat(), *map(harmless, cells(others))])) for _, at, *others in chunk
        )


def _chunks(rows: QuerySet[Any], columns: Sequence[str]) -> Iterator[list[Any]]:
    """The rows in portions, newest first. Each is a query of its own, which goes on where the last one ended: nothing
    is held at the database while a slow reader takes its time, and what is added meanwhile moves nothing.
    """
    rest = rows.order_by("-at", "-pk")
    while chunk := list(rest.values_list("pk", *columns)[:_CHUNK]):
        yield chunk
        pk, at, *_ = chunk[-1]
        # The first part alone would do for the result; it is what lets the index find the place.
        rest = rows.filter(Q(at__lt=at) | Q(pk__lt=pk), at__lte=at).order_by("-at", "-pk")


def _as_they_are(values: Sequence[Any]) -> list[str]:
    return ["" if value is None else str(value) for value in values]


def harmless(text: str) -> str:
    """The text of a cell, which no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def _encoded(line: Any) -> bytes:
    return str(line).encode()


async def _awaited(lines: Iterator[bytes]) -> AsyncIterator[bytes]:
    """The same lines, each chunk fetched in the thread that holds the request's connection to the database."""

    def following() -> bytes | None:
        return next(lines, None)

    while (chunk := await sync_to_async(following)()) is not None:
        yield chunk
