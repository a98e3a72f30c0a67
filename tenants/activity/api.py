"""`/api/v1/audit/`: the log for programs, newest first, by cursor; and the same as CSV."""

from typing import Any

from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.generics import GenericAPIView
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from tenants import audit, current
from tenants.activity import export
from tenants.activity.search import ActivityForm, Log, readable
from tenants.events import Action, Outcome
from tenants.models import AuditEvent
from tenants.pagination import PER_PAGE

PARAMETERS = [
    OpenApiParameter("tenant", description="Its slug; without it your first tenant, for staff everything."),
    OpenApiParameter("action", enum=[action.value for action in Action]),
    OpenApiParameter("outcome", enum=[outcome.value for outcome in Outcome]),
    OpenApiParameter("actor", description="Part of an e-mail address."),
    OpenApiParameter("target", description="Part of the name of what it was done to."),
    OpenApiParameter("target_id"),
    OpenApiParameter("request_id", description="The `X-Request-ID` of the request that it came from."),
    OpenApiParameter("since", OpenApiTypes.DATETIME),
    OpenApiParameter("until", OpenApiTypes.DATETIME),
    OpenApiParameter("search", description="Part of any of the texts."),
]


class AuditSerializer(serializers.ModelSerializer[AuditEvent]):
    """`actor` empty: Warren itself. `reason` is the code of a refusal."""

    class Meta:
        model = AuditEvent
        fields = ("id", *export.COLUMNS)


class _Search(GenericAPIView[AuditEvent]):
    serializer_class = AuditSerializer
    queryset = AuditEvent.objects.none()  # what a person may read depends on more than the table
    pages: frozenset[str] = frozenset()

    def found(self) -> dict[str, Any]:
        """The rows that the parameters ask for, with whose they are. A parameter that is none of them is a 400."""
        actor, form = current.person(self.request), ActivityForm(self.request.query_params)
        form.check(self.pages)
        rows, tenant = readable(actor, form.cleaned_data["tenant"])
        return {"rows": form.narrow(rows), "actor": actor, "tenant": tenant, "asked": form.asked()}


class AuditListView(_Search):
    pagination_class = Log
    pages = frozenset({PER_PAGE, "cursor"})

    @extend_schema(operation_id="audit_list", parameters=PARAMETERS, responses=AuditSerializer(many=True))
    def get(self, request: Request) -> Response:
        """List what was done, and what was refused.

        Of a tenant for its owners, everything for staff; the newest first.
        """
        page = self.paginate_queryset(self.found()["rows"])
        return self.get_paginated_response(self.get_serializer(page, many=True).data)


class Csv(JSONRenderer):
    """Lets a client say that it accepts CSV; an error is told as everywhere else."""

    media_type = "text/csv"
    format = "csv"


class AuditExportView(_Search):
    costly = frozenset({"get"})
    renderer_classes = (JSONRenderer, Csv)
    http_method_names = ["get", "options"]  # noqa: RUF012  (Django declares it for the instance)

    @extend_schema(parameters=PARAMETERS, responses={(200, "text/csv"): OpenApiTypes.STR})
    def get(self, request: Request) -> StreamingHttpResponse:
        """Download what was done as CSV.

        All of it; the download is itself put on record.
        """
        with audit.refusals(Action.AUDIT_EXPORT, actor=current.person(request)):
            found = self.found()
        return export.answer(request._request, **found)
