"""Containers and templates under `/api/v1/`: parse, one domain call, render."""

from collections.abc import Callable
from typing import ClassVar

from django.db.models import QuerySet, prefetch_related_objects
from rest_framework import mixins, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from containers import admission
from containers.api.changes import Changes
from containers.api.serializers import (
    ContainerListSerializer,
    ContainerSerializer,
    CreateSerializer,
    TemplateSerializer,
)
from containers.models import Container, Template
from containers.permissions import ContainerPermission
from tenants import current


class TemplateViewSet(viewsets.ReadOnlyModelViewSet[Template]):
    queryset = Template.objects.filter(enabled=True)
    serializer_class = TemplateSerializer
    lookup_field = "slug"


class ContainerViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, Changes):
    permission_classes = (ContainerPermission,)
    # What a person needs to hold on the container, by action; `view` is what the queryset gives.
    needs: ClassVar[dict[str, str]] = {
        "start": "operate",
        "stop": "operate",
        "restart": "operate",
        "retry": "operate",
        "partial_update": "manage",
        "recreate": "manage",
        "duplicate": "manage",
        "destroy": "delete",
    }

    def get_queryset(self) -> QuerySet[Container]:
        return (
            Container.objects.visible_to(self.request.user)
            .living()
            .select_related("tenant", "template", "status")
            .prefetch_related("conditions")
        )

    def get_serializer_class(self) -> type[ContainerListSerializer]:
        return ContainerListSerializer if self.action == "list" else ContainerSerializer

    def create(self, request: Request) -> Response:
        """202 with the container and its `Location`; what follows happens in the background."""
        given = CreateSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        wanted = dict(given.validated_data)
        tenant = current.of(request.user, wanted.pop("tenant"))
        made = admission.create(actor=current.person(request), tenant=tenant, **wanted)
        prefetch_related_objects([made], "conditions")
        return self._answer(made)

    def destroy(self, request: Request, pk: str) -> Response:
        return self._accepted(admission.remove(self.get_object(), actor=current.person(request)))

    @action(detail=True, methods=["post"])
    def start(self, request: Request, pk: str) -> Response:
        return self._changed(admission.start)

    @action(detail=True, methods=["post"])
    def stop(self, request: Request, pk: str) -> Response:
        return self._changed(admission.stop)

    @action(detail=True, methods=["post"])
    def restart(self, request: Request, pk: str) -> Response:
        return self._changed(admission.restart)

    @action(detail=True, methods=["post"])
    def retry(self, request: Request, pk: str) -> Response:
        return self._changed(admission.retry)

    def _changed(self, change: Callable[..., Container]) -> Response:
        return self._accepted(change(self.get_object(), actor=current.person(self.request)))

    def _accepted(self, container: Container) -> Response:
        return self._answer(self.get_queryset().filter(pk=container.pk).first() or container)

    def _answer(self, container: Container) -> Response:
        where = reverse("api-container-detail", args=[container.pk], request=self.request)
        body = ContainerSerializer(container, context=self.get_serializer_context()).data
        return Response(body, status=status.HTTP_202_ACCEPTED, headers={"Location": where})
