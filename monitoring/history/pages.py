"""What the charts of a container's page draw: the columns of the API, for whoever looks at the page.

The API knows staff by their own account alone, also while they view as a tenant; the page answers them as that tenant.
"""

import time
import uuid

from django.http import Http404, HttpRequest, JsonResponse
from django.views import View

from containers.pages import Mine
from monitoring.history import reading
from monitoring.history.api import RANGES
from monitoring.history.reading import Span


class RecordedView(Mine, View):
    """`?range=` one of `RANGES`; the columns of `reading.columns`, as JSON."""

    http_method_names = ["get", "head"]  # noqa: RUF012  (Django declares it for the instance)

    def get(self, request: HttpRequest, pk: uuid.UUID) -> JsonResponse:
        seconds = RANGES.get(request.GET.get("range", "1h"))
        if seconds is None or not self.get_queryset().filter(pk=pk).exists():
            raise Http404
        now = int(time.time())
        return JsonResponse(reading.columns(pk, Span.of(now - seconds, now, None)))
