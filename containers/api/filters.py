"""What lists of containers and templates can be filtered by: stored facts alone, so that the database does it."""

from typing import Any

import django_filters as filters
from django.db.models import Q, QuerySet

from containers.models import Container, Desired, EngineState, Template
from tenants.api.filtering import MomentFilter


class _Searched(filters.FilterSet):  # type: ignore[misc]  # no types
    """`search`, for short `q`: every word must be somewhere in the fields that `searched` names."""

    search = filters.CharFilter(method="having", label="Words that must all be somewhere in the names.")
    q = filters.CharFilter(method="having", label="Short for `search`.")

    searched: tuple[str, ...] = ()

    def having(self, queryset: QuerySet[Any], name: str, words: str) -> QuerySet[Any]:
        for word in words.split()[:10]:
            found = Q()
            for field in self.searched:
                found |= Q(**{f"{field}__icontains": word})
            queryset = queryset.filter(found)
        return queryset


class ContainerFilter(_Searched):
    tenant = filters.CharFilter("tenant__slug", label="Slug of the tenant.")
    template = filters.CharFilter("template__slug", label="Slug of the template.")
    desired = filters.ChoiceFilter(choices=Desired.choices, label="What is wanted.")
    state = filters.ChoiceFilter("status__state", choices=EngineState.choices, label="What the engine was seen to say.")
    created_after = MomentFilter("created_at", lookup_expr="gte", label="Created then or later.")
    created_before = MomentFilter("created_at", lookup_expr="lt", label="Created earlier.")
    ordering = filters.OrderingFilter(
        fields=("created_at", "name", "hostname", "desired", "memory", "cpu"),
        label="The order; a hyphen in front turns it round.",
    )

    searched = ("name", "hostname")

    class Meta:
        model = Container
        fields: tuple[str, ...] = ()


class TemplateFilter(_Searched):
    ordering = filters.OrderingFilter(fields=("slug", "name"), label="The order; a hyphen in front turns it round.")

    searched = ("slug", "name", "description")

    class Meta:
        model = Template
        fields: tuple[str, ...] = ()
