"""Filters of lists. A name that a list does not know is refused: a typo must not silently list everything.

Every list has this by default. A list that can be filtered names a `filterset_class`, a django_filters `FilterSet`;
its `ordering` is an `OrderingFilter` over a closed set of fields. Views that answer a list without REST framework's
mixin call `self.filter_queryset(...)` themselves.
"""

import datetime
from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ValidationError as Invalid
from django.db.models import Q, QuerySet
from django_filters import CharFilter, FilterSet, IsoDateTimeFilter
from django_filters.fields import IsoDateTimeField
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from tenants.words import gettext as _


class Strict(DjangoFilterBackend):  # type: ignore[misc]  # no types
    def filter_queryset(self, request: Request, queryset: QuerySet[Any], view: Any) -> QuerySet[Any]:
        if (view.lookup_url_kwarg or view.lookup_field) in view.kwargs:
            return queryset  # one row, found by its key
        asked = set(request.query_params) - set(_paging(view))
        if not asked:
            return queryset  # filters are optional, and to set them up costs as much as the list itself
        known = set(self._filters(queryset, view))
        unknown = sorted(asked - known)
        if unknown:
            words = _("There is no such filter here; there are: %(value)s.") % {
                "value": ", ".join(sorted({*known, *_paging(view)}))
            }
            raise ValidationError({name[:60]: [words] for name in unknown[:10]})
        found: QuerySet[Any] = super().filter_queryset(request, queryset, view)
        return found

    def _filters(self, queryset: QuerySet[Any], view: Any) -> Iterable[str]:
        filterset = self.get_filterset_class(view, queryset)
        return filterset.base_filters if filterset else ()


def _paging(view: Any) -> Iterable[str]:
    names = ("page_query_param", "cursor_query_param", "page_size_query_param")
    return [found for name in names if (found := getattr(view.paginator, name, None))]


class Searched(FilterSet):  # type: ignore[misc]  # no types
    """`search`, for short `q`: every word must be somewhere in the fields that `searched` names."""

    search = CharFilter(method="having", label="Words that must all be somewhere in the names.")
    q = CharFilter(method="having", label="Short for `search`.")

    searched: tuple[str, ...] = ()

    def having(self, queryset: QuerySet[Any], name: str, words: str) -> QuerySet[Any]:
        for word in words.split()[:10]:
            found = Q()
            for field in self.searched:
                found |= Q(**{f"{field}__icontains": word})
            queryset = queryset.filter(found)
        return queryset


class _Moment(IsoDateTimeField):  # type: ignore[misc]  # no types
    def clean(self, value: Any) -> datetime.datetime | None:
        """In UTC: databases know fewer zones, and fewer years, than ISO 8601."""
        moment: datetime.datetime | None = super().clean(value)
        try:
            return moment and moment.astimezone(datetime.UTC)
        except OverflowError:
            raise Invalid(_("Give a moment that is in the calendar."), code="invalid") from None


class MomentFilter(IsoDateTimeFilter):  # type: ignore[misc]  # no types
    """A point in time, as ISO 8601 spells it."""

    field_class = _Moment
