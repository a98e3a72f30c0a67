"""Grants for staff: who may come in where, who could and how that ended; to revoke, and to have looked at."""

import operator
from functools import reduce
from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, F, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import ngettext

from access import oversight, states
from access.models import Grant
from access.states import State
from access.visits.admin import VisitAdmin
from containers.models import Container
from tenants import current, staff
from tenants.models import Tenant
from tenants.staff import Operated, Part, ReadOnly
from tenants.templatetags.warren import moment

__all__ = ["GrantAdmin", "VisitAdmin"]

_NAMED = 20  # grants on a tenant's page

_SHOWN = {
    "pending": (State.PENDING,),
    "active": (State.ACTIVE,),
    "ending": (State.EXPIRING, State.REVOKING),
    "expired": (State.EXPIRED,),
    "revoked": (State.REVOKED,),
}


class _State(admin.SimpleListFilter):
    """As people see it; "ending" is what is over here, and not for certain at the edge."""

    title, parameter_name = "state", "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, name) for name in _SHOWN]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Grant]) -> QuerySet[Grant]:
        wanted = _SHOWN.get(self.value() or "")
        return queryset.filter(reduce(operator.or_, map(states.where, wanted))) if wanted else queryset


@admin.register(Grant)
class GrantAdmin(ReadOnly, Operated[Grant]):
    # No more fits beside the filters.
    list_display = ("email", "short_name", "level", "state_now", "expires_at", "granter")
    list_filter = (_State, "permission", "ended_how")
    list_select_related = ("container",)
    search_fields = ("email", "granter", "container__hostname", "container__tenant__slug", "=id")
    search_help_text = "Part of an address, of a hostname or of a tenant."
    date_hierarchy = "created_at"
    fields = (
        ("email", "of_container", "permission", "standing"),
        ("granter", "of_granter", "of_via"),
        "note",
        ("created_at", "changed_at", "expires_at"),
        ("active_at", "invited_at", "warned_at"),
        ("ended_at", "ended_how", "ended_by", "out_at"),
        "more",
        "around",
    )
    readonly_fields = ("of_container", "standing", "of_granter", "of_via", "more", "around")
    actions = ("revoke", "resync")

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """A tenant's page links here."""
        return lookup.startswith("container__tenant__") or super().lookup_allowed(lookup, value, request)

    @admin.display(description="container", ordering="container__hostname")
    def short_name(self, grant: Grant) -> str:
        return grant.container.hostname.partition(".")[0]

    @admin.display(description="permission", ordering="permission")
    def level(self, grant: Grant) -> str:
        return grant.permission

    @admin.display(description="state")
    def state_now(self, grant: Grant) -> str:
        return grant.state

    @admin.display(description="state")
    def standing(self, grant: Grant) -> str:
        state, since = states.of(grant)
        return format_html("{} since {}", state, moment(since))

    @admin.display(description="container")
    def of_container(self, grant: Grant) -> str:
        return staff.link(grant.container)

    @admin.display(description="account of who gave it")
    def of_granter(self, grant: Grant) -> str:
        return staff.link(grant.granted_by)

    @admin.display(description="by their own access")
    def of_via(self, grant: Grant) -> str:
        return staff.link(grant.via)

    @admin.display(description="see also")
    def more(self, grant: Grant) -> str:
        return staff.related(self.admin_site, grant)

    @admin.display(description="of the container")
    def around(self, grant: Grant) -> str:
        """Its publications are there: they say why the edge does not follow."""
        return staff.related(self.admin_site, grant.container)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """With the list's actions, for the one that is shown."""
        more = {"offered": self.get_action_choices(request, default_choices=[]), **(extra_context or {})}
        return super().change_view(request, object_id, form_url, more)

    @admin.action(description="Revoke: out at once", permissions=["operate"])
    def revoke(self, request: HttpRequest, chosen: QuerySet[Grant]) -> None:
        person, rows = current.person(request), chosen.select_related("container__tenant")
        count = sum(oversight.revoke(grant, actor=person) for grant in rows)
        self._say(request, ngettext("%d is revoked.", "%d are revoked.", count) % count, count)

    @admin.action(description="Resync: have the edge compared with it now", permissions=["operate"])
    def resync(self, request: HttpRequest, chosen: QuerySet[Grant]) -> None:
        containers = Container.objects.filter(pk__in=chosen.values("container")).order_by("pk")
        for container in containers:
            oversight.resync(container, actor=current.person(request))
        count = len(containers)
        self._say(request, ngettext("%d container is looked at now.", "%d containers are.", count) % count, count)

    def _say(self, request: HttpRequest, words: str, count: int) -> None:
        self.message_user(request, words, messages.SUCCESS if count else messages.WARNING)


staff.tenant_lists.append(("grants", "admin:access_grant_changelist", "container__tenant__id__exact"))


def _guests(tenant: Tenant) -> dict[str, Any]:
    """Who was given something and has not lost it; those that end first come first."""
    open_ones = Grant.objects.open().filter(container__tenant=tenant)
    counted = open_ones.order_by().aggregate(grants=Count("pk"), people=Count("email", distinct=True))
    rows = open_ones.select_related("container").order_by(F("expires_at").asc(nulls_last=True), "pk")
    query = {"container__tenant__id__exact": tenant.pk}
    return {**counted, "rows": rows[:_NAMED], "url": reverse("admin:access_grant_changelist", query=query)}


staff.tenant_parts.append(Part(30, "admin/tenants/tenant/grants.html", _guests, "access.view_grant"))
