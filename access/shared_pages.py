"""What others share with the person who asks, and how to give it back."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views import View
from django.views.generic import ListView

from access import ending, sharing
from access.models import Grant
from containers.pages import Mine
from tenants import current
from tenants.pages.forms import refused
from tenants.refusal import Refused
from tenants.words import gettext as _


class SharedView(Mine, ListView[Grant]):
    """Where whoever belongs to no tenant comes to from the sign-in."""

    template_name = "access/shared.html"
    context_object_name = "grants"
    paginate_by = 50

    def get_template_names(self) -> list[str]:
        return ["access/_shared.html" if getattr(self.request, "htmx", False) else self.template_name]

    def get_queryset(self) -> QuerySet[Grant]:  # type: ignore[override]  # grants, not containers
        mine = Grant.objects.live().filter(email=current.person(self.request).email)
        rows = mine.select_related("container__tenant", "container__template", "container__status")
        return rows.prefetch_related("container__conditions")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        found = super().get_context_data(**kwargs)
        return found | {"waiting": any(grant.active_at is None for grant in found["grants"])}


class LeaveView(LoginRequiredMixin, View):
    """Asks first; the address decides whose it is, so nobody else's is found."""

    http_method_names = ["get", "head", "post"]  # noqa: RUF012  (Django declares it for the instance)

    def get(self, request: HttpRequest, grant: Any) -> HttpResponse:
        found = self._find(grant)
        given = [each.email for each in ending.given_by(found)]
        return render(request, "access/leave.html", {"grant": found, "container": found.container, "given": given})

    def post(self, request: HttpRequest, grant: Any) -> HttpResponse:
        found = self._find(grant)
        try:
            sharing.leave(found, actor=current.person(request))
        except Refused as exc:
            return refused(request, exc, "shared")
        messages.success(request, _("%(name)s is not shared with you any more.") % {"name": found.container.name})
        return redirect("shared")

    def _find(self, key: Any) -> Grant:
        mine = Grant.objects.live().filter(email=current.person(self.request).email)
        return get_object_or_404(mine.select_related("container__tenant"), pk=key)
