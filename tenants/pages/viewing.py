"""To view the pages as a tenant, from the tenant's page in the admin, and to stop."""

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views import View

from tenants import audit, current, viewing
from tenants.events import Action, Outcome
from tenants.models import Tenant
from tenants.refusal import Refused


class ViewAsView(LoginRequiredMixin, View):
    http_method_names = ["post"]  # noqa: RUF012  (Django declares it for the instance)

    def post(self, request: HttpRequest) -> HttpResponse:
        person, key = current.person(request), request.POST.get("tenant", "")
        if not viewing.may(person):  # and is not told which tenants there are, nor written into their records
            audit.record(Action.TENANT_VIEW, actor=person, outcome=Outcome.REFUSED, reason="view_as_denied")
            raise PermissionDenied
        tenant = get_object_or_404(Tenant, pk=key) if key.isdecimal() else None
        if tenant is None:
            return redirect("admin:tenants_tenant_changelist")
        try:
            viewing.begin(request, tenant, actor=person)
        except Refused as exc:
            if exc.status == 403:
                raise PermissionDenied(str(exc)) from exc
            messages.error(request, str(exc))
            return redirect("admin:tenants_tenant_change", tenant.pk)
        return redirect("container-list")


class StopView(LoginRequiredMixin, View):
    http_method_names = ["post"]  # noqa: RUF012  (Django declares it for the instance)

    def post(self, request: HttpRequest) -> HttpResponse:
        tenant = viewing.end(request, "stopped", actor=current.person(request))
        if tenant is None:
            return redirect("container-list")
        messages.info(request, _("You no longer view as %(tenant)s.") % {"tenant": tenant})
        return redirect("admin:tenants_tenant_change", tenant.pk)
