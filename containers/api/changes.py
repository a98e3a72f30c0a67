"""Settings of a container, and what is made anew or a second time from them."""

from typing import Any

from rest_framework import serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from containers import changes
from containers.models import Container
from containers.variables import MAX_SIZE
from tenants import current


def _variables(help_text: str) -> serializers.DictField:
    value = serializers.CharField(allow_null=True, allow_blank=True, trim_whitespace=False, max_length=MAX_SIZE)
    return serializers.DictField(child=value, required=False, help_text=help_text)


class ChangeSerializer(serializers.Serializer[Any]):
    """Shape only; what the plan and the names allow is `changes`' to say. What is not given stays as it is."""

    label = serializers.CharField(max_length=100, required=False, allow_blank=True)  # type: ignore[assignment]
    environment = _variables("Merged into what is there, by name; null takes a variable away.")
    secrets = _variables("As `environment`, but never shown again: answers name them in `secret_names`.")
    port = serializers.IntegerField(min_value=1, max_value=65535, required=False)
    memory = serializers.IntegerField(min_value=6 * 1024**2, max_value=2**50, required=False)
    cpu = serializers.IntegerField(min_value=10, max_value=10**6, required=False)


class DuplicateSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=63)


class Changes(viewsets.GenericViewSet[Container]):
    """For the view set of containers, which says what permission each of these takes."""

    def _accepted(self, container: Container) -> Response:
        """202 with the container as it is now, and its `Location`."""
        raise NotImplementedError

    def partial_update(self, request: Request, pk: str) -> Response:
        container = self.get_object()
        given = ChangeSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        changed = changes.change(container, actor=current.person(request), **given.validated_data)
        return self._accepted(changed)

    @action(detail=True, methods=["post"])
    def recreate(self, request: Request, pk: str) -> Response:
        """A new container of the template's present image; data and settings stay."""
        return self._accepted(changes.recreate(self.get_object(), actor=current.person(request)))

    @action(detail=True, methods=["post"])
    def duplicate(self, request: Request, pk: str) -> Response:
        """202 with the new container and its `Location`."""
        container = self.get_object()
        given = DuplicateSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        current.of(request.user, container.tenant.slug)  # what is made belongs to the tenant: for its members alone
        made = changes.duplicate(container, actor=current.person(request), **given.validated_data)
        return self._accepted(made)
