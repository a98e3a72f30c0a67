"""Settings of a container, and what is made anew or a second time from them."""

from abc import abstractmethod
from collections.abc import Callable
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from containers import changes
from containers.admission import LEAST_CPU, LEAST_MEMORY
from containers.api.serializers import ContainerSerializer
from containers.models import Container
from containers.variables import MAX_SIZE
from tenants import current
from tenants.api.idempotency import idempotent
from tenants.api.preconditions import conditional


def _variables(help_text: str) -> serializers.DictField:
    value = serializers.CharField(allow_null=True, allow_blank=True, trim_whitespace=False, max_length=MAX_SIZE)
    return serializers.DictField(child=value, required=False, help_text=help_text)


class ChangeSerializer(serializers.Serializer[Any]):
    """Shape only; what the plan and the names allow is `changes`' to say. What is not given stays as it is."""

    label = serializers.CharField(max_length=100, required=False, allow_blank=True)  # type: ignore[assignment]
    environment = _variables("Merged into what is there, by name; null takes a variable away.")
    secrets = _variables("As `environment`, but never shown again: answers name them in `secret_names`.")
    port = serializers.IntegerField(min_value=1, max_value=65535, required=False)
    memory = serializers.IntegerField(min_value=LEAST_MEMORY, max_value=2**50, required=False)
    cpu = serializers.IntegerField(min_value=LEAST_CPU, max_value=10**6, required=False)
    resets_connections = serializers.BooleanField(
        required=False,
        help_text="When somebody loses access, open connections are reset; everybody on this container reconnects.",
    )


class DuplicateSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=63)


class Changes(viewsets.GenericViewSet[Container]):
    """For the view set of containers, which says what permission each of these takes."""

    @abstractmethod
    def changed(self, change: Callable[..., Container], given: serializers.Serializer[Any] | None = None) -> Response:
        """Carry it out with what is given on the container at hand, as its sender knows it; `accepted`."""

    @abstractmethod
    def accepted(self, container: Container) -> Response:
        """202 with the container as it is now, and its `Location`."""

    @extend_schema(request=ChangeSerializer, responses={202: ContainerSerializer})
    @conditional
    def partial_update(self, request: Request, pk: str) -> Response:
        """Change a container's settings.

        Label, port and `resets_connections` change at once, memory and CPU without a restart. With another environment
        the program is started anew; its data is kept.
        """
        return self.changed(changes.change, ChangeSerializer(data=request.data))

    @extend_schema(request=None, responses={202: ContainerSerializer})
    @conditional
    @action(detail=True, methods=["post"])
    def recreate(self, request: Request, pk: str) -> Response:
        """Recreate a container from the template's present image.

        Data and settings stay.
        """
        return self.changed(changes.recreate)

    @extend_schema(request=DuplicateSerializer, responses={202: ContainerSerializer})
    @action(detail=True, methods=["post"])
    @idempotent
    def duplicate(self, request: Request, pk: str) -> Response:
        """Make a second container with the same settings.

        Secrets included, data not. 202 with the new container and its `Location`.
        """
        container = self.get_object()
        given = DuplicateSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        current.of(request.user, container.tenant.slug)  # what is made belongs to the tenant: for its members alone
        return self.accepted(changes.duplicate(container, actor=current.person(request), **given.validated_data))
