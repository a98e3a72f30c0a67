"""The tab *Activity* of a container: what was done to it. Who came to it stands beside that, in `access.visits`."""

from typing import Any

from django.contrib.auth.mixins import LoginRequiredMixin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views import View
from rest_framework.exceptions import NotFound
from rest_framework.request import Request

from access import happened
from access.happened import HappenedForm
from containers.models import Container
from tenants import audit, current, download
from tenants.activity import export
from tenants.activity.pages import here
from tenants.activity.search import Log
from tenants.events import Action
from tenants.refusal import Refused


class _Happened(LoginRequiredMixin, View):
    def container(self, pk: Any, action: Action | None = None) -> Container:
        try:
            return happened.managed(current.person(self.request), pk, action)
        except Refused as exc:
            raise PermissionDenied(str(exc)) from exc


class HappenedView(_Happened):
    http_method_names = ["get", "head", "options"]  # noqa: RUF012  (Django declares it for the instance)

    def get(self, request: HttpRequest, pk: Any) -> HttpResponse:
        container, form, pages = self.container(pk), HappenedForm(request.GET), Log()
        valid = form.is_valid()
        try:
            found = pages.paginate_queryset(form.narrow(happened.rows(container)), Request(request)) if valid else []
        except NotFound as exc:
            raise Http404 from exc
        seen = {"form": form, "rows": found, "asked": request.GET.urlencode(), "searched": bool(form.asked())}
        if valid:
            seen |= {"newer": here(pages.get_previous_link()), "older": here(pages.get_next_link())}
        return render(request, "access/activity.html", framed(container) | seen)


class HappenedExportView(_Happened):
    http_method_names = ["get", "options"]  # noqa: RUF012  (Django declares it for the instance)

    def get(self, request: HttpRequest, pk: Any) -> HttpResponseBase:
        container, form = self.container(pk, Action.AUDIT_EXPORT), HappenedForm(request.GET)
        if not form.is_valid():  # the page says what is wrong with it
            return HttpResponseRedirect(f"{reverse('container-activity', args=[pk])}?{request.GET.urlencode()}")
        found, actor = form.narrow(happened.rows(container)), current.person(request)
        audit.record(Action.AUDIT_EXPORT, actor=actor, target=container, tenant=container.tenant, asked=form.asked())
        name = f"activity-{container.name}-{container.tenant.slug}.csv"
        return download.answer(request, found, export.COLUMNS, name, cells=export.cells)


def framed(container: Container) -> dict[str, Any]:
    """What the page of a container needs around what is on record of it; one that is deleted has no tabs left."""
    frame = "access/gone.html" if container.deleted_at else "containers/frame.html"
    return {"container": container, "tab": "activity", "frame": frame}
