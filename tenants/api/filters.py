"""What the lists about people can be filtered by."""

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django_filters import BooleanFilter, ChoiceFilter, OrderingFilter

from tenants.api.filtering import Searched
from tenants.models import ApiToken, Invitation, Membership, Role, Scope

_ORDER = "The order; a hyphen in front turns it round."
_STATES = ("open", "expired", "accepted", "withdrawn")


class TenantFilter(Searched):
    role = ChoiceFilter(choices=Role.choices, label="As what you belong to it.")
    ordering = OrderingFilter(
        fields={"tenant__slug": "slug", "tenant__name": "name", "tenant__created_at": "created_at"}, label=_ORDER
    )

    searched = ("tenant__slug", "tenant__name")

    class Meta:
        model = Membership
        fields: tuple[str, ...] = ()


class MemberFilter(Searched):
    role = ChoiceFilter(choices=Role.choices, label="As what they belong to it.")
    active = BooleanFilter("user__is_active", label="Whether their account is open.")
    ordering = OrderingFilter(
        fields={"user__email": "email", "user__name": "name", "role": "role", "created_at": "created_at"}, label=_ORDER
    )

    searched = ("user__email", "user__name")

    class Meta:
        model = Membership
        fields: tuple[str, ...] = ()


class InvitationFilter(Searched):
    role = ChoiceFilter(choices=Role.choices, label="As what they are invited.")
    state = ChoiceFilter(choices=[(state, state) for state in _STATES], method="standing", label="What became of it.")
    ordering = OrderingFilter(fields=("email", "created_at", "expires_at"), label=_ORDER)

    searched = ("email",)

    class Meta:
        model = Invitation
        fields: tuple[str, ...] = ()

    def standing(self, queryset: QuerySet[Invitation], name: str, state: str) -> QuerySet[Invitation]:
        """As `Invitation.state` says it of one."""
        match state:
            case "accepted":
                return queryset.exclude(accepted_at=None)
            case "withdrawn":
                return queryset.filter(accepted_at=None).exclude(withdrawn_at=None)
        waiting: dict[str, Any] = {"accepted_at": None, "withdrawn_at": None}
        return queryset.filter(**waiting, **{f"expires_at__{'gt' if state == 'open' else 'lte'}": timezone.now()})


class TokenFilter(Searched):
    scope = ChoiceFilter(choices=Scope.choices, label="What it lets one do.")
    ordering = OrderingFilter(fields=("name", "created", "expiry", "last_used_at"), label=_ORDER)

    searched = ("name",)

    class Meta:
        model = ApiToken
        fields: tuple[str, ...] = ()
