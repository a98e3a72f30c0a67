"""`/api/v1/containers/{id}/visits/`: who came, for programs, newest first, by cursor; and the same as CSV."""

from typing import Any

from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.generics import GenericAPIView
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from access.models import Visit
from access.visits import export, search
from access.visits.search import VisitsForm
from tenants import current
from tenants.activity.api import Csv
from tenants.activity.search import Log
from tenants.events import Action
from tenants.pagination import PER_PAGE

PARAMETERS = [
    OpenApiParameter("email", description="Part of an e-mail address."),
    OpenApiParameter(
        "allowed", description="Those who were let in, or those who were refused.", enum=["true", "false"]
    ),
    OpenApiParameter("grant", OpenApiTypes.UUID, description="What let them in."),
    OpenApiParameter("since", OpenApiTypes.DATETIME),
    OpenApiParameter("until", OpenApiTypes.DATETIME),
]


class VisitSerializer(serializers.ModelSerializer[Visit]):
    """`allowed` false: refused at the edge. `grant` null: a member, or somebody who was given nothing."""

    class Meta:
        model = Visit
        fields = ("id", "at", "email", "allowed", "action", "hostname", "connection", "ip", "ray_id", "grant")


class _Visits(GenericAPIView[Visit]):
    serializer_class = VisitSerializer
    queryset = Visit.objects.none()  # whose they are is said by the address
    pages: frozenset[str] = frozenset()

    def found(self, pk: Any, action: Action) -> dict[str, Any]:
        """The rows that the parameters ask for, with whose they are. A parameter that is none of them is a 400."""
        actor, form = current.person(self.request), VisitsForm(self.request.query_params)
        container = search.managed(actor, pk, action)
        form.check(self.pages)
        return {
            "rows": form.narrow(search.rows(container)),
            "actor": actor,
            "container": container,
            "asked": form.asked(),
        }


class VisitsView(_Visits):
    pagination_class = Log
    pages = frozenset({PER_PAGE, "cursor"})

    @extend_schema(
        operation_id="containers_visits_list",
        tags=["containers"],
        parameters=PARAMETERS,
        responses=VisitSerializer(many=True),
    )
    def get(self, request: Request, pk: Any) -> Response:
        """List who came to a container's address, and who was refused there.

        For its members; the newest first. What happened at the edge stands here a minute or two later.
        """
        found = self.found(pk, Action.VISITS_VIEW)
        page = self.paginate_queryset(found["rows"])
        search.looked(found["actor"], found["container"], found["asked"])
        return self.get_paginated_response(self.get_serializer(page, many=True).data)


class VisitsExportView(_Visits):
    costly = frozenset({"get"})
    renderer_classes = (JSONRenderer, Csv)
    http_method_names = ["get", "options"]  # noqa: RUF012  (Django declares it for the instance)

    @extend_schema(
        operation_id="containers_visits_export",
        tags=["containers"],
        parameters=PARAMETERS,
        responses={(200, "text/csv"): OpenApiTypes.STR},
    )
    def get(self, request: Request, pk: Any) -> StreamingHttpResponse:
        """Download who came to a container's address as CSV.

        All of it; the download is itself put on record.
        """
        return export.answer(request._request, **self.found(pk, Action.VISITS_EXPORT))
