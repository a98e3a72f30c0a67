"""`…/containers/{id}/metrics/`: what a container did over time, as columns that a chart takes as they are."""

import datetime
import time
import uuid
from typing import Any

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from containers.models import Container
from monitoring.history import LEVELS, reading
from monitoring.history.reading import Span
from tenants.refusal import Refused
from tenants.words import gettext as _

RANGES = {"1h": 3600, "24h": 24 * 3600, "30d": 30 * 24 * 3600}
_FIRST, _LAST = (datetime.datetime(year, 1, 1, tzinfo=datetime.UTC) for year in (2000, 9000))


class _Asked(serializers.Serializer[Any]):
    range = serializers.ChoiceField(
        choices=list(RANGES), required=False, help_text="Up to now; `1h` if nothing is asked for."
    )
    to = serializers.DateTimeField(required=False, help_text="Beside `from`; now, if it is left out.")
    resolution = serializers.ChoiceField(
        choices=list(LEVELS),
        required=False,
        help_text="Seconds between two points. Left out, the finest that is kept for so long and fits.",
    )

    def get_fields(self) -> dict[str, Any]:
        """`from` is a word of Python's own."""
        begins = serializers.DateTimeField(required=False, help_text="In place of `range`: when it begins, ISO 8601.")
        return {**super().get_fields(), "from": begins}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        known = self.fields
        if unknown := sorted(set(self.initial_data) - set(known)):
            words = _("There is no such parameter here; there are: %(known)s.") % {"known": ", ".join(sorted(known))}
            raise serializers.ValidationError({name[:60]: [words] for name in unknown[:10]})
        for name in ("from", "to"):
            if name in attrs and not _FIRST <= attrs[name] <= _LAST:
                raise serializers.ValidationError({name: [_("Give a moment of our time.")]})
        return attrs

    def span(self) -> Span:
        """Of valid parameters. Raises `range_invalid` and `range_too_long`."""
        given, now = self.validated_data, int(time.time())
        step, start, end = given.get("resolution"), given.get("from"), given.get("to")
        if start is None and end is None:
            return Span.of(now - RANGES[given.get("range", "1h")], now, step)
        if start is None or "range" in given:
            raise Refused("range_invalid", _("Ask by `range`, or by `from` and, if you like, `to`."), status=400)
        return Span.of(int(start.timestamp()), int(end.timestamp()) if end else now, step)


def _column(words: str, of: type[serializers.Field[Any, Any, Any, Any]] = serializers.IntegerField) -> Any:
    return serializers.ListField(child=of(allow_null=True), help_text=words)


class MetricsSerializer(serializers.Serializer[Any]):
    """Columns of equal length, a value for each time; null where nothing was measured.

    Of CPU and memory they are averages and the highest, of bytes how many were moved in that time.
    """

    resolution = serializers.IntegerField(help_text="Seconds between two points: 10, 60, 900 or 1800.")
    to = serializers.IntegerField(help_text="In seconds since 1970; before then the last point may not be over.")
    at = serializers.ListField(
        child=serializers.IntegerField(), help_text="When each point begins, in seconds since 1970."
    )
    cpu_percent = _column("Of one core.", serializers.FloatField)
    cpu_percent_max = _column("Of one core.", serializers.FloatField)
    memory_used = _column("Bytes, without the page cache.")
    memory_used_max = _column("Bytes, without the page cache.")
    network_rx = _column("Bytes received.")
    network_tx = _column("Bytes sent.")
    block_read = _column("Bytes read from disks.")
    block_write = _column("Bytes written to disks.")
    pids = _column("Processes and threads, the most there were.")

    def get_fields(self) -> dict[str, Any]:
        begins = serializers.IntegerField(help_text="When the first point begins, in seconds since 1970.")
        return {**super().get_fields(), "from": begins}


class MetricsView(APIView):
    @extend_schema(tags=["containers"], parameters=[_Asked], responses=MetricsSerializer)
    def get(self, request: Request, pk: uuid.UUID) -> Response:
        """Show what a container did over time: CPU, memory, network, disks, processes.

        By `range`, or by `from` and `to`. Kept are 10 seconds a point for an hour, a minute for a day, a quarter of an
        hour for 30 days; one answer has at most 1,500 points, so 30 days come by the half hour.
        """
        if not Container.objects.visible_to(request.user).living().filter(pk=pk).exists():
            raise Http404
        asked = _Asked(data=request.query_params)
        asked.is_valid(raise_exception=True)
        return Response(reading.columns(pk, asked.span()))
