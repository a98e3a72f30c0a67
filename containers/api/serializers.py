"""What the API takes and gives for containers."""

from typing import Any

from rest_framework import serializers

from containers import lifecycle, steps, visibility
from containers.models import Condition, Container, Template
from tenants.models import Tenant


class TemplateSerializer(serializers.ModelSerializer[Template]):
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


class ContainerListSerializer(serializers.ModelSerializer[Container]):
    """`lifecycle` and `health` are derived; `ready` means: open `url` now. Bytes; CPU in thousandths of a core."""

    tenant: "serializers.SlugRelatedField[Tenant]" = serializers.SlugRelatedField(slug_field="slug", read_only=True)
    template: "serializers.SlugRelatedField[Template]" = serializers.SlugRelatedField(slug_field="slug", read_only=True)

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
        )

    def to_representation(self, instance: Container) -> dict[str, Any]:
        phase, health = lifecycle.of(instance)
        body = super().to_representation(instance)
        return {**body, "lifecycle": phase, "health": health, "ready": health is lifecycle.Health.HEALTHY}


class ContainerSerializer(ContainerListSerializer):
    """One container with everything that is known about its way."""

    conditions = ConditionSerializer(many=True, read_only=True)
    steps = StepSerializer(many=True, read_only=True)

    class Meta(ContainerListSerializer.Meta):
        fields = (*ContainerListSerializer.Meta.fields, "image", "data_folder", "conditions", "steps")

    def to_representation(self, instance: Container) -> dict[str, Any]:
        status = instance.status
        error = {"code": status.code, "detail": status.message} if status.code else None
        return {**super().to_representation(instance), "error": error, **self._variables(instance)}

    def _variables(self, container: Container) -> dict[str, Any]:
        """For those who may change them; the values of secrets are for nobody."""
        request = self.context.get("request")
        if request is None or not visibility.may(request.user, container, "manage"):
            return {}
        return {"environment": container.environment, "secret_names": sorted(container.secret_values)}


class CreateSerializer(serializers.Serializer[Any]):
    """Shape only; what the plan and the names allow is `admission`'s to say."""

    name = serializers.CharField(max_length=63)
    template = serializers.SlugRelatedField(slug_field="slug", queryset=Template.objects.all())
    tenant = serializers.CharField(max_length=20, required=False, default="")
    memory = serializers.IntegerField(min_value=6 * 1024**2, max_value=2**50, required=False, allow_null=True)
    cpu = serializers.IntegerField(min_value=10, max_value=10**6, required=False, allow_null=True)
