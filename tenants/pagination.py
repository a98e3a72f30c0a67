"""The envelopes of lists: `{count, next, previous, results}`, and for what only grows the same without the count.

A list view gets `Pages` by default. One that is appended to, such as a log, says `pagination_class = Cursor`: its
pages cost the same however far back they lie, and new rows do not shift them. `Cursor` goes by `at`, the newest first;
a subclass names another order: `class Newest(Cursor): ordering = ("-created_at", "-pk")`.
"""

from typing import Any

from django.db.models import QuerySet
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import CursorPagination, PageNumberPagination
from rest_framework.request import Request

PER_PAGE, MOST = "per_page", 200
_DESCRIPTION = f"How many results a page has, at most {MOST}."


def _size(request: Request, default: int) -> int:
    """What was asked for, at most `MOST`. Raises ValidationError for what is no size."""
    text = request.query_params.get(PER_PAGE)
    if text is None:
        return default
    if not (text.isascii() and text.isdecimal() and len(text) < 10 and int(text)):
        raise ValidationError({PER_PAGE: ["Give a whole number from 1."]})
    return min(int(text), MOST)


def _settled(queryset: QuerySet[Any]) -> QuerySet[Any]:
    """The same order with the key at its end: rows that are equal in it keep their places from page to page."""
    order = queryset.query.order_by or queryset.model._meta.ordering or ()
    if any(str(name).lstrip("-") in {"pk", queryset.model._meta.pk.name} for name in order):
        return queryset
    return queryset.order_by(*order, "pk")


class Pages(PageNumberPagination):
    page_size = 50
    page_size_query_param = PER_PAGE
    page_size_query_description = _DESCRIPTION
    max_page_size = MOST

    def get_page_size(self, request: Request) -> int:
        return _size(request, self.page_size or MOST)

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any] | None:
        rows = _settled(queryset) if isinstance(queryset, QuerySet) else queryset
        return super().paginate_queryset(rows, request, view)


class Cursor(CursorPagination):
    page_size = 50
    page_size_query_param = PER_PAGE
    page_size_query_description = _DESCRIPTION
    max_page_size = MOST
    ordering = ("-at", "-pk")

    def get_page_size(self, request: Request) -> int:
        return _size(request, self.page_size or MOST)
