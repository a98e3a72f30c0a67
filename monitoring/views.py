"""`…/containers/{id}/status/`: how a container does, from what the agent recorded. Docker is not asked."""

import datetime
import uuid
from typing import Any

from django.http import Http404
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from containers import lifecycle
from containers.models import Container, EngineState
from monitoring.models import Sample

FRESH = datetime.timedelta(seconds=30)  # an older sample says nothing about now


class _Memory(serializers.Serializer[Any]):
    used = serializers.IntegerField(allow_null=True, help_text="Bytes, without the page cache.")
    limit = serializers.IntegerField(help_text="Bytes.")
    percent = serializers.FloatField(allow_null=True)


class _Network(serializers.Serializer[Any]):
    rx = serializers.IntegerField(allow_null=True, help_text="Bytes received since it was started.")
    tx = serializers.IntegerField(allow_null=True, help_text="Bytes sent since it was started.")


class _Block(serializers.Serializer[Any]):
    read = serializers.IntegerField(allow_null=True, help_text="Bytes read from disks since it was started.")
    write = serializers.IntegerField(allow_null=True, help_text="Bytes written to disks since it was started.")


class StatusSerializer(serializers.Serializer[Any]):
    """How a container does; numbers are null where there is no fresh sample."""

    state = serializers.ChoiceField(choices=[phase.value for phase in lifecycle.Lifecycle])
    health = serializers.ChoiceField(choices=[health.value for health in lifecycle.Health])
    uptime = serializers.FloatField(allow_null=True, help_text="Seconds since the engine started it.")
    cpu_percent = serializers.FloatField(allow_null=True, help_text="Of one core.")
    memory = _Memory()
    network = _Network()
    block = _Block()
    pids = serializers.IntegerField(allow_null=True, help_text="Processes and threads in it.")
    sampled_at = serializers.DateTimeField(allow_null=True)


class StatusView(APIView):
    """`{state, health, uptime, cpu_percent, memory{used,limit,percent}, network{rx,tx}, block{…}, pids, sampled_at}`.

    Seconds, bytes, percent of one core. Numbers are null where there is no fresh sample.
    """

    @extend_schema(tags=["containers"], responses=StatusSerializer)
    def get(self, request: Request, pk: uuid.UUID) -> Response:
        """Show how a container does: uptime, CPU, memory, network, disks, processes."""
        container = (
            Container.objects.visible_to(request.user)
            .living()
            .filter(pk=pk)
            .select_related("status", "sample")
            .prefetch_related("conditions")
            .first()
        )
        if container is None:
            raise Http404
        phase, health = lifecycle.of(container)
        return Response({"state": phase, "health": health, "uptime": _uptime(container), **_numbers(container)})


def _uptime(container: Container) -> float | None:
    """Seconds since the engine started it; None while it does not run."""
    started = parse_datetime(container.status.started_at or "")
    if started is None or container.status.state != EngineState.RUNNING:
        return None
    return max(0.0, (timezone.now() - started).total_seconds())


def _numbers(container: Container) -> dict[str, Any]:
    sample: Sample | None = getattr(container, "sample", None)
    if sample is None or container.status.state != EngineState.RUNNING or timezone.now() - sample.sampled_at > FRESH:
        nothing = {"used": None, "limit": container.memory, "percent": None}
        return {
            "cpu_percent": None,
            "memory": nothing,
            "network": {"rx": None, "tx": None},
            "block": {"read": None, "write": None},
            "pids": None,
            "sampled_at": None,
        }
    return {
        "cpu_percent": sample.cpu_percent,
        "memory": {
            "used": sample.memory_used,
            "limit": sample.memory_limit,
            "percent": round(sample.memory_percent, 2),
        },
        "network": {"rx": sample.network_rx, "tx": sample.network_tx},
        "block": {"read": sample.block_read, "write": sample.block_write},
        "pids": sample.pids,
        "sampled_at": sample.sampled_at,
    }
