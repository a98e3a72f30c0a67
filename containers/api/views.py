"""Containers and templates under `/api/v1/`: parse, one domain call, render."""

from collections.abc import Callable
from typing import Any, ClassVar

from django.db.models import QuerySet, prefetch_related_objects
from drf_spectacular.utils import extend_schema
from rest_framework import status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.serializers import Serializer

from containers import admission
from containers.api import listing
from containers.api.changes import Changes
from containers.api.filters import ContainerFilter, TemplateFilter
from containers.api.serializers import (
    ContainerListSerializer,
    ContainerSerializer,
    CreateSerializer,
    RenameSerializer,
    TemplateSerializer,
)
from containers.models import Container, Template
from containers.permissions import ContainerPermission
from tenants import current
from tenants.api.idempotency import idempotent
from tenants.api.preconditions import conditional, if_match, tagged, versioned
from tenants.models import Plan
from tenants.pagination import Pages

_ACCEPTED = extend_schema(request=None, responses={202: ContainerSerializer})


class TemplateViewSet(viewsets.ReadOnlyModelViewSet[Template]):
    """What the person's tenants may make containers from."""

    queryset = Template.objects.none()
    serializer_class = TemplateSerializer
    filterset_class = TemplateFilter
    lookup_field = "slug"

    def get_queryset(self) -> QuerySet[Template]:
        mine = current.mine(current.person(self.request)).order_by()
        return Template.objects.offered(Plan.objects.filter(tenants__in=mine))


class ContainerViewSet(Changes):
    """Containers of the tenants that you belong to, and those that are shared with you.

    Every change is accepted at once and carried out afterwards.
    """

    permission_classes = (ContainerPermission,)
    filterset_class = ContainerFilter
    costly = frozenset(
        {"create", "start", "stop", "restart", "retry", "rename", "partial_update", "recreate", "duplicate", "destroy"}
    )
    # What a person needs to hold on the container, by action; `view` is what the queryset gives.
    needs: ClassVar[dict[str, str]] = {
        "start": "operate",
        "stop": "operate",
        "restart": "operate",
        "retry": "operate",
        "rename": "change",
        "partial_update": "change",
        "recreate": "change",
        "duplicate": "change",
        "destroy": "delete",
    }

    def get_queryset(self) -> QuerySet[Container]:
        mine = Container.objects.visible_to(self.request.user).living()
        if self.action == "list":
            return mine
        return mine.select_related("tenant", "template", "status").prefetch_related("conditions")

    def get_serializer_class(self) -> type[ContainerListSerializer]:
        return ContainerListSerializer if self.action == "list" else ContainerSerializer

    def list(self, request: Request) -> Response:
        """List containers, the newest first."""
        assert isinstance(self.paginator, Pages)
        keys = self.paginator.keys(self.filter_queryset(self.get_queryset()), request)
        return self.get_paginated_response(listing.bodies(keys))

    @versioned
    def retrieve(self, request: Request, pk: str) -> Response:
        """Show a container, its conditions and the steps on its way."""
        found = self.get_object()
        return Response(self.get_serializer(found).data, headers=tagged(found))

    @extend_schema(request=CreateSerializer, responses={202: ContainerSerializer})
    @versioned
    @idempotent
    def create(self, request: Request) -> Response:
        """Create a container.

        202 with the container and its `Location`; what follows happens in the background. Without `memory` and `cpu`
        it gets all that the plan allows, without `tenant` it is made for your first one.
        """
        given = CreateSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        wanted = dict(given.validated_data)
        tenant = current.of(request.user, wanted.pop("tenant"))
        made = admission.create(actor=current.person(request), tenant=tenant, **wanted)
        prefetch_related_objects([made], "conditions")
        return self._answer(made)

    @_ACCEPTED
    @conditional
    def destroy(self, request: Request, pk: str) -> Response:
        """Delete a container with its data and its address.

        There is no way back; asking twice is fine.
        """
        return self.changed(admission.remove)

    @_ACCEPTED
    @conditional
    @action(detail=True, methods=["post"])
    def start(self, request: Request, pk: str) -> Response:
        """Start a stopped container."""
        return self.changed(admission.start)

    @_ACCEPTED
    @conditional
    @action(detail=True, methods=["post"])
    def stop(self, request: Request, pk: str) -> Response:
        """Stop a container; it keeps its address and its data."""
        return self.changed(admission.stop)

    @_ACCEPTED
    @conditional
    @action(detail=True, methods=["post"])
    def restart(self, request: Request, pk: str) -> Response:
        """Restart a running container."""
        return self.changed(admission.restart)

    @_ACCEPTED
    @conditional
    @action(detail=True, methods=["post"])
    def retry(self, request: Request, pk: str) -> Response:
        """Try again at once whatever failed, with a fresh deadline."""
        return self.changed(admission.retry)

    @extend_schema(request=RenameSerializer, responses={202: ContainerSerializer})
    @conditional
    @action(detail=True, methods=["post"])
    def rename(self, request: Request, pk: str) -> Response:
        """Give a container another address.

        `hostname` is the wanted one at once; `url` stays the earlier address until the new one answers. To other
        containers of the tenant it keeps its earlier name until it is recreated.
        """
        return self.changed(admission.rename, RenameSerializer(data=request.data))

    def changed(self, change: Callable[..., Container], given: Serializer[Any] | None = None) -> Response:
        """Carry it out on the container at hand, which must be the one that the sender knows."""
        container = self.get_object()  # first: what a container would take is nobody's business who can't see it
        wanted = {"actor": current.person(self.request), "if_match": if_match(self.request)}
        wanted["permission"] = self.needs[self.action]  # asked again under the lock
        if given is not None:
            given.is_valid(raise_exception=True)
            wanted |= given.validated_data
        changed = change(container, **wanted)
        return self.accepted(changed)

    def accepted(self, container: Container) -> Response:
        return self._answer(self.get_queryset().filter(pk=container.pk).first() or container)

    def _answer(self, container: Container) -> Response:
        where = reverse("api-container-detail", args=[container.pk], request=self.request)
        body = ContainerSerializer(container, context=self.get_serializer_context()).data
        return Response(body, status=status.HTTP_202_ACCEPTED, headers={"Location": where, **tagged(container)})
