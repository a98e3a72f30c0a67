"""The envelopes of lists: `{count, next, previous, results}`, and for what only grows the same without the count.

A list view gets `Pages` by default. One that is appended to, such as a log, says `pagination_class = Cursor`: its
pages cost the same however far back they lie, and new rows do not shift them. `Cursor` goes by `at`, the newest first;
a subclass names another order: `class Newest(Cursor): ordering = ("-created_at", "-pk")`.
"""

import datetime
from typing import Any

from django.core.exceptions import ValidationError as Invalid
from django.core.paginator import Page
from django.db.models import Count, QuerySet, Window
from django.utils.translation import gettext_lazy
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.pagination import CursorPagination, PageNumberPagination
from rest_framework.request import Request

from tenants.words import gettext as _

PER_PAGE, MOST = "per_page", 200
_DESCRIPTION = f"How many results a page has, at most {MOST}."


def _size(request: Request, default: int) -> int:
    """What was asked for, at most `MOST`. Raises ValidationError for what is no size."""
    text = request.query_params.get(PER_PAGE)
    if text is None:
        return default
    if not (text.isascii() and text.isdecimal() and len(text) < 10 and int(text)):
        raise ValidationError({PER_PAGE: [_("Give a whole number from 1.")]})
    return min(int(text), MOST)


def _settled(queryset: QuerySet[Any]) -> QuerySet[Any]:
    """The same order with the key at its end: rows that are equal in it keep their places from page to page."""
    order = queryset.query.order_by or queryset.model._meta.ordering or ()
    if any(str(name).lstrip("-") in {"pk", queryset.model._meta.pk.name} for name in order):
        return queryset
    return queryset.order_by(*order, "pk")


class Pages(PageNumberPagination):
    invalid_page_message = gettext_lazy("There is no such page; begin with the first.")  # type: ignore[assignment]  # the stubs know no lazy text
    page_size = 50
    page_size_query_param = PER_PAGE
    page_size_query_description = _DESCRIPTION
    max_page_size = MOST

    def get_page_size(self, request: Request) -> int:
        return _size(request, self.page_size or MOST)

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any] | None:
        rows = _settled(queryset) if isinstance(queryset, QuerySet) else queryset
        return super().paginate_queryset(rows, request, view)

    def keys(self, queryset: QuerySet[Any], request: Request) -> list[Any]:
        """The primary keys of a page: for lists that are written for speed and fetch by key what they show.

        Keys and count come from one query, but for a page that there may not be.
        """
        rows = _settled(queryset)
        size, asked = self.get_page_size(request), request.query_params.get(self.page_query_param, "1")
        if asked.isascii() and asked.isdecimal() and len(asked) < 7 and int(asked):
            first = (int(asked) - 1) * size
            counted = rows.annotate(total=Window(Count("*"))).values_list("pk", "total")
            found = list(counted[first : first + size])
            if found or not first:
                paginator = self.django_paginator_class([], size)
                paginator.count = found[0][1] if found else 0
                self.request, page = request, [key for key, _ in found]
                self.page = Page(page, int(asked), paginator)
                return page
        return super().paginate_queryset(rows.values_list("pk", flat=True), request) or []


class Cursor(CursorPagination):
    invalid_cursor_message = gettext_lazy("This cursor leads nowhere; begin with the first page.")  # type: ignore[assignment]  # likewise
    page_size = 50
    page_size_query_param = PER_PAGE
    page_size_query_description = _DESCRIPTION
    max_page_size = MOST
    ordering = ("-at", "-pk")

    def get_page_size(self, request: Request) -> int:
        return _size(request, self.page_size or MOST)

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any] | None:
        self._field = queryset.model._meta.get_field(str(self.ordering[0]).lstrip("-"))
        return super().paginate_queryset(queryset, request, view)

    def decode_cursor(self, request: Request) -> Any:
        """A cursor that somebody made up is a 404, whatever it holds."""
        found = super().decode_cursor(request)
        if found is None or found.position is None:
            return found
        try:
            value = self._field.to_python(found.position)
            if isinstance(value, datetime.datetime):
                value = value.astimezone(datetime.UTC)
        except (Invalid, ValueError, OverflowError):
            raise NotFound(self.invalid_cursor_message) from None
        return found._replace(position=str(value))  # type: ignore[arg-type]  # the stubs take it for a number
