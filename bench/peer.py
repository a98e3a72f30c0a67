"""The list of containers as REST framework's own classes give it: what ours is compared with."""

from typing import Any

from django.urls import include, path
from rest_framework import serializers, viewsets

from containers import lifecycle
from containers.api.serializers import ContainerListSerializer
from containers.models import Container


class PlainSerializer(serializers.ModelSerializer[Container]):
    """The same fields; both derived words from one look at the rows, as a careful author would have it."""

    tenant = serializers.SlugRelatedField(slug_field="slug", read_only=True)
    template = serializers.SlugRelatedField(slug_field="slug", read_only=True)

    class Meta:
        model = Container
        fields = tuple(
            name for name in ContainerListSerializer.Meta.fields if name not in {"lifecycle", "health", "ready"}
        )

    def to_representation(self, instance: Container) -> dict[str, Any]:
        phase, health = lifecycle.of(instance)
        derived = {"lifecycle": phase, "health": health, "ready": health is lifecycle.Health.HEALTHY}
        return super().to_representation(instance) | derived


class PlainViewSet(viewsets.ModelViewSet[Container]):
    serializer_class = PlainSerializer

    def get_queryset(self) -> Any:
        mine = Container.objects.visible_to(self.request.user).living()
        return mine.select_related("tenant", "template", "status").prefetch_related("conditions")


urlpatterns = [
    path("", include("config.urls")),
    path("api/v1/plain/", PlainViewSet.as_view({"get": "list"})),
]
