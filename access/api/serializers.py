"""What the API takes and gives for grants. Shape only; what may be given is `access.sharing`'s to say."""

import datetime
from collections.abc import Mapping
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from access import levels
from access.levels import Permission
from access.models import Ended, Grant
from access.states import State
from containers.api.serializers import ContainerListSerializer
from tenants.words import gettext as _

_LONGEST = 2**31 - 1  # seconds: past any plan, within the calendar
_STATES = [state.value for state in State]
_ENDS = [("", "It has not ended."), *Ended.choices]


class GrantSerializer(serializers.ModelSerializer[Grant]):
    """`active_at`: since when the edge lets the address in. `out_at`: since when it is certain that it does not.

    `last_visit`: when somebody last signed in there by it, as far as Cloudflare's log was imported.
    """

    permissions = serializers.ListField(child=serializers.ChoiceField(Permission.choices), read_only=True)
    granted_by = serializers.CharField(source="granter", read_only=True)
    state = serializers.ChoiceField(_STATES, read_only=True)
    state_since = serializers.DateTimeField(read_only=True)
    ended_how = serializers.ChoiceField(_ENDS, read_only=True)
    last_visit = serializers.DateTimeField(read_only=True, allow_null=True, default=None)

    class Meta:
        model = Grant
        fields: tuple[str, ...] = (
            "id",
            "email",
            "permissions",
            "note",
            "granted_by",
            "created_at",
            "expires_at",
            "state",
            "state_since",
            "active_at",
            "ended_at",
            "ended_how",
            "out_at",
            "last_visit",
        )


class SharedContainerSerializer(ContainerListSerializer):
    """What a list of them shows of a container; `containers/{id}/` has more."""

    class Meta(ContainerListSerializer.Meta):
        fields = ("id", "name", "label", "tenant", "hostname", "url", "lifecycle", "health", "ready")


class SharedSerializer(GrantSerializer):
    """A grant as its guest sees it, with the container that it is for."""

    container = SharedContainerSerializer(read_only=True)

    class Meta(GrantSerializer.Meta):
        fields = (
            "id",
            "container",
            "permissions",
            "note",
            "granted_by",
            "created_at",
            "expires_at",
            "state",
            "state_since",
            "active_at",
        )


@extend_schema_serializer(
    examples=[OpenApiExample("Longer, and more", {"permissions": ["operate"], "expires_in": 604_800})]
)
class TermsSerializer(serializers.Serializer[Any]):
    """What is not given stays as it is. Give at most one of `expires_in` and `expires_at`."""

    permissions = serializers.ListField(
        child=serializers.ChoiceField(Permission.choices),
        allow_empty=False,
        required=False,
        help_text="Each includes those before it: view, operate, shell, manage.",
    )
    expires_in = serializers.IntegerField(
        min_value=1, max_value=_LONGEST, required=False, help_text="Seconds from now."
    )
    expires_at = serializers.DateTimeField(required=False, allow_null=True, help_text="Null: without end.")
    note = serializers.CharField(max_length=500, required=False, allow_blank=True, help_text="To the guest.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        # A misspelt word would give another access than is meant.
        given = self.initial_data if isinstance(self.initial_data, Mapping) else {}
        if unknown := sorted(set(map(str, given)) - set(self.fields)):
            raise ValidationError(dict.fromkeys(unknown, _("There is no such field.")))
        if {"expires_in", "expires_at"} <= set(attrs):
            raise ValidationError({"expires_in": _("Give this or expires_at, not both.")})
        return attrs

    def wanted(self) -> dict[str, Any]:
        """The arguments of `sharing.change`: just those that were given."""
        found = dict(self.validated_data)
        if "permissions" in found:
            found["permission"] = levels.highest(found.pop("permissions"))
        if "expires_in" in found:
            found["expires_at"] = timezone.now() + datetime.timedelta(seconds=found.pop("expires_in"))
        return found


@extend_schema_serializer(
    examples=[
        OpenApiExample("For a day", {"email": "gina@example.com", "permissions": ["operate"], "expires_in": 86_400}),
        OpenApiExample("Several at once", {"emails": ["gina@example.com", "dora@example.com"], "note": "Have a look."}),
    ]
)
class ShareSerializer(TermsSerializer):
    """Give either `email` or `emails`. Without `permissions` it is view, without an end a week or what the plan allows;
    who has access already keeps what is not said.

    Give at most one of `expires_in` and `expires_at`.
    """

    email = serializers.CharField(max_length=1000, required=False)
    emails = serializers.ListField(
        child=serializers.CharField(max_length=1000), required=False, help_text="At most 100, all or none of them."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("email" in attrs) == ("emails" in attrs):
            raise ValidationError({"email": _("Give either this or emails.")})
        return super().validate(attrs)

    @property
    def single(self) -> bool:
        return "email" in self.validated_data

    def wanted(self) -> dict[str, Any]:
        """The arguments of `sharing.share`."""
        found = super().wanted()
        if "email" in found:
            found["emails"] = [found.pop("email")]
        return found
