"""The visits of a container, as the other part of its tab *Activity*. Works without JavaScript."""

from typing import Any

from django.contrib.auth.mixins import LoginRequiredMixin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views import View
from rest_framework.exceptions import NotFound
from rest_framework.request import Request

from access.activity_pages import framed
from access.models import Grant, Visit
from access.visits import export, search
from access.visits.search import VisitsForm
from containers.models import Container
from tenants import current
from tenants.activity.pages import here
from tenants.activity.search import Log
from tenants.events import Action
from tenants.refusal import Refused


class _Visits(LoginRequiredMixin, View):
    def container(self, pk: Any, action: Action) -> Container:
        try:
            return search.managed(current.person(self.request), pk, action)
        except Refused as exc:
            raise PermissionDenied(str(exc)) from exc


class VisitsView(_Visits):
    http_method_names = ["get", "head", "options"]  # noqa: RUF012  (Django declares it for the instance)

    def get(self, request: HttpRequest, pk: Any) -> HttpResponse:
        container, form, pages = self.container(pk, Action.VISITS_VIEW), VisitsForm(request.GET), Log()
        valid, rows = form.is_valid(), Visit.objects.filter(container=container).select_related("grant")
        try:
            found = pages.paginate_queryset(form.narrow(rows), Request(request)) if valid else []
        except NotFound as exc:
            raise Http404 from exc
        search.looked(current.person(request), container, form.asked() if valid else {})
        seen = framed(container) | {"form": form, "rows": found, "asked": request.GET.urlencode()}
        if valid:
            seen |= {"newer": here(pages.get_previous_link()), "older": here(pages.get_next_link())}
        if valid and (grant := form.cleaned_data["grant"]):
            seen["only"] = Grant.objects.filter(pk=grant, container=container).first()
        return render(request, "access/visits.html", {**seen, "searched": bool(form.asked())})


class VisitsExportView(_Visits):
    http_method_names = ["get", "options"]  # noqa: RUF012  (Django declares it for the instance)

    def get(self, request: HttpRequest, pk: Any) -> HttpResponseBase:
        container, form = self.container(pk, Action.VISITS_EXPORT), VisitsForm(request.GET)
        if not form.is_valid():  # the page says what is wrong with it
            return HttpResponseRedirect(f"{reverse('container-visits', args=[pk])}?{request.GET.urlencode()}")
        rows = form.narrow(Visit.objects.filter(container=container))
        return export.answer(request, rows, actor=current.person(request), container=container, asked=form.asked())
