"""What lists of grants can be filtered by."""

from django.db.models import QuerySet
from django_filters import BooleanFilter, CharFilter, ChoiceFilter, OrderingFilter

from access import states
from access.levels import Permission
from access.models import Grant
from access.states import State
from tenants.api.filtering import Searched
from tenants.models.user import fold_email

_ORDER = "The order; a hyphen in front turns it round."


class GrantFilter(Searched):
    state = ChoiceFilter(choices=[(state.value, state.value) for state in State], method="standing", label="Its state.")
    open = BooleanFilter(method="unended", label="Whether it lets in: pending or active.")
    email = CharFilter(method="addressed", label="The whole address.")
    permission = ChoiceFilter(choices=Permission.choices, label="The highest one that it gives.")
    ordering = OrderingFilter(fields=("email", "created_at", "expires_at"), label=_ORDER)

    searched = ("email", "granter", "note")

    class Meta:
        model = Grant
        fields: tuple[str, ...] = ()

    def standing(self, queryset: QuerySet[Grant], name: str, state: str) -> QuerySet[Grant]:
        return queryset.filter(states.where(State(state)))

    def unended(self, queryset: QuerySet[Grant], name: str, yes: bool) -> QuerySet[Grant]:
        return queryset.filter(states.open_now() if yes else ~states.open_now())

    def addressed(self, queryset: QuerySet[Grant], name: str, email: str) -> QuerySet[Grant]:
        return queryset.filter(email=fold_email(email))


class SharedFilter(Searched):
    permission = ChoiceFilter(choices=Permission.choices, label="The highest one that you have.")
    ordering = OrderingFilter(
        fields={"container__name": "name", "created_at": "created_at", "expires_at": "expires_at"}, label=_ORDER
    )

    searched = ("container__name", "container__hostname", "container__label", "granter")

    class Meta:
        model = Grant
        fields: tuple[str, ...] = ()
