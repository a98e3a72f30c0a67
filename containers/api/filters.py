"""What lists of containers and templates can be filtered by: stored facts alone, so that the database does it."""

import django_filters as filters

from containers.models import Container, Desired, EngineState, Template
from tenants.api.filtering import MomentFilter, Searched


class ContainerFilter(Searched):
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


class TemplateFilter(Searched):
    ordering = filters.OrderingFilter(fields=("slug", "name"), label="The order; a hyphen in front turns it round.")

    searched = ("slug", "name", "description")

    class Meta:
        model = Template
        fields: tuple[str, ...] = ()
