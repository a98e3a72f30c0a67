"""What the API takes and gives for containers."""

from dataclasses import asdict
from typing import Any

from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from containers import lifecycle, notices, steps, storage, visibility
from containers.admission import LEAST_CPU, LEAST_MEMORY
from containers.api.readable import ReadableSerializer
from containers.lifecycle import Health, Lifecycle
from containers.models import Condition, Container, Template
from tenants.models import Tenant


class TemplateSerializer(serializers.ModelSerializer[Template]):
    data_folder = serializers.CharField(read_only=True, help_text="What is in it is kept; empty: nothing is.")

    class Meta:
        model = Template
        fields = ("slug", "name", "description", "port", "data_folder")


class ConditionSerializer(serializers.ModelSerializer[Condition]):
    class Meta:
        model = Condition
        fields = ("type", "status", "reason", "message", "observed_generation", "changed_at")


class StepSerializer(serializers.Serializer[steps.Step]):
    name = serializers.CharField()
    title = serializers.CharField()
    state = serializers.ChoiceField(choices=[state.value for state in steps.StepState])
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)
    seconds = serializers.FloatField(allow_null=True)
    message = serializers.CharField()


class ErrorSerializer(serializers.Serializer[Any]):
    code = serializers.CharField(help_text="Stable; for programs.")
    detail = serializers.CharField(help_text="For people.")


class ContainerListSerializer(ReadableSerializer):
    """`lifecycle` and `health` are derived; `ready` means: open `url` now. Bytes; CPU in thousandths of a core.

    `hostname` is the one that is wanted, `url` leads to the one that answers now. They differ only while a rename is
    under way: `url` is then the earlier address, which answers until the new one does.

    A field that is added here must be answered by `containers.api.listing`, too.
    """

    tenant: "serializers.SlugRelatedField[Tenant]" = serializers.SlugRelatedField(slug_field="slug", read_only=True)
    template: "serializers.SlugRelatedField[Template]" = serializers.SlugRelatedField(slug_field="slug", read_only=True)
    lifecycle = serializers.SerializerMethodField()
    health = serializers.SerializerMethodField()
    ready = serializers.SerializerMethodField()

    class Meta:
        model = Container
        fields: tuple[str, ...] = (
            "id",
            "name",
            "label",
            "tenant",
            "template",
            "hostname",
            "url",
            "desired",
            "generation",
            "port",
            "memory",
            "cpu",
            "storage",
            "created_at",
            "lifecycle",
            "health",
            "ready",
        )

    @extend_schema_field(serializers.ChoiceField(choices=[phase.value for phase in Lifecycle]))
    def get_lifecycle(self, container: Container) -> str:
        return lifecycle.of(container)[0]

    @extend_schema_field(serializers.ChoiceField(choices=[health.value for health in Health]))
    def get_health(self, container: Container) -> str:
        return lifecycle.of(container)[1]

    def get_ready(self, container: Container) -> bool:
        return lifecycle.of(container)[1] is Health.HEALTHY


class NoticeSerializer(serializers.Serializer[notices.Notice]):
    code = serializers.CharField()
    detail = serializers.CharField()


# What guests are told in place of what is inside: the words of a failure may name images, hosts and limits.
_GUEST_ERROR = gettext_lazy("It has a problem that its owner can see.")


class ContainerSerializer(ContainerListSerializer):
    """One container with everything that is known about its way.

    `storage_used` is bytes as last measured, null before that; `storage_capped`: the engine stops it at `storage`.
    Guests, who have no `change` in `permissions`, see that it has a problem and at which step, and no words of it.
    """

    conditions = ConditionSerializer(many=True, read_only=True)
    steps = StepSerializer(many=True, read_only=True)
    error = serializers.SerializerMethodField()
    storage_used = serializers.IntegerField(
        source="status.storage_used", read_only=True, allow_null=True, help_text="Bytes, as last measured."
    )
    storage_capped = serializers.SerializerMethodField(help_text="Whether the engine stops it at `storage`.")
    notices = serializers.SerializerMethodField()
    permissions = serializers.SerializerMethodField(help_text="What you may do with it.")
    environment = serializers.SerializerMethodField(help_text="Null for those who may not change it.")
    secret_names = serializers.SerializerMethodField(help_text="Null for those who may not change them.")

    class Meta(ContainerListSerializer.Meta):
        fields = (
            *ContainerListSerializer.Meta.fields,
            "image",
            "data_folder",
            "resets_connections",
            "conditions",
            "steps",
            "error",
            "storage_used",
            "storage_capped",
            "notices",
            "permissions",
            "environment",
            "secret_names",
        )

    @extend_schema_field(ErrorSerializer(allow_null=True))
    def get_error(self, container: Container) -> dict[str, str] | None:
        status = container.status
        return {"code": status.code, "detail": status.message} if status.code else None

    @extend_schema_field(serializers.BooleanField())
    def get_storage_capped(self, container: Container) -> bool:
        return storage.capped(container)

    @extend_schema_field(NoticeSerializer(many=True))
    def get_notices(self, container: Container) -> list[dict[str, Any]]:
        return [asdict(notice) for notice in notices.of(container)]

    @extend_schema_field(serializers.ListField(child=serializers.ChoiceField(visibility.PERMISSIONS)))
    def get_permissions(self, container: Container) -> list[str]:
        return [name for name in visibility.PERMISSIONS if name in self._held]

    @extend_schema_field(serializers.DictField(child=serializers.CharField(), allow_null=True))
    def get_environment(self, container: Container) -> dict[str, str] | None:
        return container.environment if "change" in self._held else None

    @extend_schema_field(serializers.ListField(child=serializers.CharField(), allow_null=True))
    def get_secret_names(self, container: Container) -> list[str] | None:
        return sorted(container.secret_values) if "change" in self._held else None

    def to_representation(self, instance: Container) -> dict[str, Any]:
        """Variables are for those who may change them; the values of secrets are for nobody.

        For whoever asks, or for somebody with the permissions that the context names as `held`.
        """
        request, held = self.context.get("request"), self.context.get("held", frozenset())
        # Asked once for all.
        self._held = visibility.held(request.user, instance) if request is not None else held
        shown = super().to_representation(instance)
        return shown if "change" in self._held else _for_guests(shown)


def _for_guests(shown: dict[str, Any]) -> dict[str, Any]:
    """Without what tells of the tenant's affairs."""
    for part in (*shown["conditions"], *shown["steps"]):
        part["message"] = ""
    if shown["error"]:
        shown["error"]["detail"] = str(_GUEST_ERROR)
    return shown | {"image": "", "data_folder": "", "notices": []}


class CreateSerializer(serializers.Serializer[Any]):
    """Shape only; what the plan and the names allow is `admission`'s to say."""

    name = serializers.CharField(max_length=63)
    template = serializers.SlugRelatedField(slug_field="slug", queryset=Template.objects.all())
    tenant = serializers.CharField(max_length=20, required=False, default="")
    memory = serializers.IntegerField(min_value=LEAST_MEMORY, max_value=2**50, required=False, allow_null=True)
    cpu = serializers.IntegerField(min_value=LEAST_CPU, max_value=10**6, required=False, allow_null=True)


class RenameSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=63)
