"""The visits of a container, as the other part of its tab *Activity*."""

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render

from access.activity_pages import ContainerRecord
from access.models import Grant
from access.visits import export, search
from access.visits.search import VisitsForm
from tenants import current
from tenants.events import Action


class VisitsView(ContainerRecord):
    route = "container-visits"
    http_method_names = ["get", "head", "options"]  # noqa: RUF012  (Django declares it for the instance)

    def get(self, request: HttpRequest, pk: Any) -> HttpResponse:
        actor, form = current.person(request), VisitsForm(request.GET)
        container = search.managed(actor, pk, Action.VISITS_VIEW)
        seen = self.around(container) | self.page(form, search.rows(container).select_related("grant"))
        search.looked(actor, container, form.asked() if form.is_valid() else {})
        if form.is_valid() and (grant := form.cleaned_data["grant"]):
            seen["only"] = Grant.objects.filter(pk=grant, container=container).first()
        return render(request, "access/visits.html", seen)


class VisitsExportView(ContainerRecord):
    route = "container-visits"
    http_method_names = ["get", "options"]  # noqa: RUF012  (Django declares it for the instance)

    def get(self, request: HttpRequest, pk: Any) -> HttpResponseBase:
        actor, form = current.person(request), VisitsForm(request.GET)
        container = search.managed(actor, pk, Action.VISITS_EXPORT)
        if not form.is_valid():
            return self.back()
        rows = form.narrow(search.rows(container))
        return export.answer(request, rows, actor=actor, container=container, asked=form.asked())
