"""Visits for staff: searched over everything, never changed."""

import ipaddress
from typing import Any

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.functional import cached_property

from access.models import Visit
from access.visits import export, search
from containers.models import Container
from tenants import current, staff
from tenants.models.user import fold_email
from tenants.staff import ModelAdmin, ReadOnly

MOST = 10_000  # rows that the list counts, and leads to; whoever looks for older ones narrows it


class _Bounded(Paginator[Visit]):
    """To count a million rows takes longer than to show some."""

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        return int(rows.order_by().values("pk")[:MOST].count())


@admin.register(Visit)
class VisitAdmin(ReadOnly, ModelAdmin[Visit]):
    list_display = ("at", "email", "allowed", "hostname", "connection", "ip", "via", "ray_id")
    list_filter = ("allowed", ("grant", admin.EmptyFieldListFilter))
    list_select_related = ("grant",)
    search_fields = ("email", "hostname")
    search_help_text = "A whole e-mail address, IP address or ray; or part of an address."
    date_hierarchy = "at"
    show_full_result_count = False
    paginator = _Bounded
    actions = ("download",)
    fields = ("at", "of_container", "email", "allowed", "action", "hostname", "connection", "ip", "ray_id", "via")
    readonly_fields = ("of_container", "via")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Visit], search_term: str
    ) -> tuple[QuerySet[Visit], bool]:
        """What is given whole is found by an index, among however many rows; a part of something is looked for."""
        word = search_term.strip()
        whole = {"email": fold_email(word), "ray_id": word.lower(), "ip": word if _is_ip(word) else None}
        for field, value in whole.items():
            if value and (found := queryset.filter(**{field: value})).exists():
                return found, False
        return super().get_search_results(request, queryset, search_term)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """That somebody looked is on record, as it is for owners."""
        answer = super().changelist_view(request, extra_context)
        if request.method == "GET":
            paging = {"p", "o", "e", "all"}
            asked = {name: text[:100] for name, text in _asked(request).items() if text and name not in paging}
            search.looked(current.person(request), None, asked)
        return answer

    @admin.action(description="Download as CSV", permissions=["view"])
    def download(self, request: HttpRequest, chosen: QuerySet[Visit]) -> HttpResponseBase:
        return export.answer(request, chosen, actor=current.person(request), container=None, asked=_asked(request))

    @admin.display(description="container")
    def of_container(self, visit: Visit) -> str:
        return staff.link(Container.objects.get(pk=visit.container_id))

    @admin.display(description="access")
    def via(self, visit: Visit) -> str:
        return f"given by {visit.grant.granter}" if visit.grant else "-"


def _asked(request: HttpRequest) -> dict[str, str]:
    """As it can stand on record: PostgreSQL holds no NUL."""
    return {name.replace("\0", ""): str(value).replace("\0", "") for name, value in request.GET.items()}


def _is_ip(word: str) -> bool:
    try:
        ipaddress.ip_address(word)
    except ValueError:
        return False
    return True
