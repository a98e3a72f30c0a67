"""The admin's site: unfold's, with a search of our own."""

import time
from collections.abc import Callable, Iterator
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from unfold.sites import UnfoldAdminSite

from access.models import Grant
from config.console import appearance
from containers.models import Container
from tenants.models import Tenant, User

SHOWN = 8  # of each kind; whoever looks for more asks that kind's list
LEAST, LONGEST = 2, 100  # characters


def _whose(row: Container) -> str:
    return _("%(tenant)s, deleted") % {"tenant": row.tenant} if row.deleted_at else str(row.tenant)


# What is looked for, what is read with it, its icon, and what stands beside its name.
_FOUND: tuple[tuple[type[Any], tuple[str, ...], str, Callable[[Any], str]], ...] = (
    (Tenant, ("plan",), "apartment", lambda row: f"{row.slug}, {row.plan}"),
    (Container, ("tenant",), "deployed_code", _whose),
    (User, (), "person", lambda row: row.name or (_("staff") if row.is_staff else _("person"))),
    (Grant, ("container",), "key", lambda row: f"{row.permission}, {row.state}"),
)


class Console(UnfoldAdminSite):  # type: ignore[misc]  # unfold has no types
    """Unfold's own search reads whole tables, and keeps what it found for five minutes."""

    index_title = _lazy("Overview")

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Whoever is signed in already, and may not come in, is told so; unfold's form says it after a mistake."""
        if request.method == "GET" and request.user.is_authenticated and not self.has_permission(request):
            raise PermissionDenied(_("The console is for staff."))
        return super().login(request, extra_context)  # type: ignore[no-any-return]

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """At Warren's own page, which counts wrong passwords, puts it on record and revokes tokens."""
        return redirect("password-change")

    def search(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """A few of each kind that this person may view, and pages of the menu; nothing is kept."""
        began, term = time.monotonic(), request.GET.get("s", "").replace("\0", "").strip()[:LONGEST]
        if len(term) < LEAST:
            return HttpResponse()
        found = [*self._pages(request, term)]
        if "extended" in request.GET:
            found += self._rows(request, term)
        template = "command_results" if "extended" in request.GET else "search_results"
        pages = Paginator(found, len(found) or 1)
        context = {"page_obj": pages, "results": pages.page(1), "page_counter": 0}
        context |= {"execution_time": time.monotonic() - began, "command_show_history": False}
        return TemplateResponse(request, f"unfold/helpers/{template}.html", context, headers={"HX-Trigger": "search"})

    def _pages(self, request: HttpRequest, term: str) -> Iterator[dict[str, str]]:
        for group in appearance.NAVIGATION:
            for item in group["items"]:
                allowed = "permission" not in item or item["permission"](request)
                if allowed and term.lower() in str(item["title"]).lower():
                    yield {
                        "title": str(item["title"]),
                        "description": _("page"),
                        "link": str(item["link"]),
                        "icon": item["icon"],
                    }

    def _rows(self, request: HttpRequest, term: str) -> Iterator[dict[str, str]]:
        for model, related, icon, beside in _FOUND:
            its: admin.ModelAdmin[Any] = self._registry[model]
            if not its.has_view_permission(request):
                continue
            rows, _doubled = its.get_search_results(request, model.objects.select_related(*related), term)
            name = f"{self.name}:{model._meta.app_label}_{model._meta.model_name}_change"
            for row in rows.distinct()[:SHOWN]:
                yield {
                    "title": str(row),
                    "description": beside(row),
                    "link": reverse(name, args=[row.pk]),
                    "icon": icon,
                }
