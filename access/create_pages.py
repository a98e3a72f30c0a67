"""Creates a container and lets people in with it: both, or neither."""

from typing import Any

from django.db import transaction

from access import sharing
from access.forms import ShareForm
from containers.create_pages import ContainerCreateView
from containers.forms import ContainerForm
from containers.models import Container
from tenants import audit, current
from tenants.events import Action
from tenants.refusal import Refused

_OF_GUESTS = {"email", "permissions", "expires_at", "note"}  # fields that a refusal of sharing is about


class InvitingForm(ShareForm):
    """Of a container that is not there yet."""

    use_required_attribute = False  # nobody need be named

    def wanted(self) -> dict[str, Any]:
        """The arguments of `sharing.share`."""
        data = self.cleaned_data
        given = {"emails": data["email"], "note": data["note"], "permission": data["permission"]}
        return {**given, "expires_at": self.expires_at()}


class CreateView(ContainerCreateView):
    """The page of `containers` with a part more, which may be left empty."""

    forms = ("form", "guests")

    def get_guests(self) -> InvitingForm:
        """What is said about nobody need not be right."""
        named = self.request.POST.get("email", "").strip()
        return InvitingForm(self.request.POST if named else None, plan=self.tenant.plan, own=None)

    def post(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        form, self.guests = self.get_form(), self.get_guests()
        right = form.is_valid()  # all that is wrong is said at once
        if self.guests.is_bound and not self.guests.is_valid():
            right = False
        return self.form_valid(form) if right else self.form_invalid(form)

    def make(self, form: ContainerForm) -> Container:
        """A refusal takes back what was made, so it is put on record outside of that."""
        if not self.guests.is_bound:
            return super().make(form)
        actor = current.person(self.request)
        with audit.refusals(Action.CONTAINER_CREATE, actor=actor, tenant=self.tenant), transaction.atomic():
            made = super().make(form)
            sharing.share(made, actor=actor, **self.guests.wanted())
        return made

    def refuse(self, form: ContainerForm, exc: Refused) -> None:
        about = exc.members.get("field") in _OF_GUESTS or exc.code in {"guests_limit", "grants_limit"}
        (self.guests if about and self.guests.is_bound else form).refuse(exc)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        if not hasattr(self, "guests"):
            self.guests = self.get_guests()
        return super().get_context_data(guests=self.guests, **kwargs)
