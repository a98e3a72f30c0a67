"""The tab *Activity* of a container: what was done to it. Who came to it stands beside that, in `access.visits`."""

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse

from access import happened
from access.happened import HappenedForm
from containers.models import Container
from tenants import audit, current, download
from tenants.activity import export
from tenants.activity.record import Record
from tenants.events import Action


class ContainerRecord(Record):
    """One part of the tab. Its CSV is at the route of the page with `-export` behind."""

    def around(self, container: Container) -> dict[str, Any]:
        """What the page needs around the rows; a container that is deleted has no tabs left."""
        return {
            "container": container,
            "frame": "access/gone.html" if container.deleted_at else "containers/frame.html",
            "tab": "activity",
            "part": self.route,
            "csv": reverse(f"{self.route}-export", args=[container.pk]),
        }


class HappenedView(ContainerRecord):
    route = "container-activity"
    http_method_names = ["get", "head", "options"]  # noqa: RUF012  (Django declares it for the instance)

    def get(self, request: HttpRequest, pk: Any) -> HttpResponse:
        container = happened.managed(current.person(request), pk)
        found = self.page(HappenedForm(request.GET), happened.rows(container))
        return render(request, "access/activity.html", self.around(container) | found)


class HappenedExportView(ContainerRecord):
    route = "container-activity"
    http_method_names = ["get", "options"]  # noqa: RUF012  (Django declares it for the instance)

    def get(self, request: HttpRequest, pk: Any) -> HttpResponseBase:
        actor, form = current.person(request), HappenedForm(request.GET)
        container = happened.managed(actor, pk, Action.AUDIT_EXPORT)
        if not form.is_valid():
            return self.back()
        audit.record(Action.AUDIT_EXPORT, actor=actor, target=container, tenant=container.tenant, asked=form.asked())
        name = f"activity-{container.name}-{container.tenant.slug}.csv"
        found = form.narrow(happened.rows(container))
        return download.answer(request, found, export.COLUMNS, name, cells=export.cells)
