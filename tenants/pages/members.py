"""What is done to members and invitations, each from the tenant's page and back to it."""

from abc import abstractmethod
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views import View

from tenants import current, invitations, members
from tenants.events import Action
from tenants.models import Invitation, Membership, Role
from tenants.pages.forms import refused
from tenants.pages.tenant import OfTenant
from tenants.refusal import Refused


class _Act(OfTenant, View):
    """Asks first on GET, where there is something to ask; acts on POST."""

    http_method_names = ["get", "post"]  # noqa: RUF012  (Django declares it for the instance)
    action: Action
    title = words = button = ""

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        self.check()
        context = {"title": self.title, "button": self.button, "words": self.asked(), "tenant": self.tenant}
        return render(request, "tenants/ask.html", context)

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        tenant = self.tenant
        self.check()
        try:
            said = self.act()
        except Refused as exc:
            return refused(request, exc, "tenant", tenant.slug)
        messages.success(request, said)
        still = Membership.objects.filter(tenant=tenant, user=current.person(request)).exists()
        return redirect("tenant", tenant.slug) if still else redirect("account")

    @abstractmethod
    def act(self) -> str:
        """Do it, and return what to say then."""

    def asked(self) -> str:
        return self.words

    def check(self) -> None:
        self.owned(self.action)

    def member(self) -> Membership:
        rows = Membership.objects.filter(tenant=self.tenant).select_related("tenant", "user")
        return get_object_or_404(rows, pk=self.kwargs["member"])


class RoleView(_Act):
    action = Action.MEMBER_ROLE
    http_method_names = ["post"]  # noqa: RUF012

    def act(self) -> str:
        to = self.request.POST.get("role", "")
        if to not in Role.values:
            raise Refused("invalid", "Choose one of the roles.")
        row = members.change_role(self.member(), to, actor=current.person(self.request))
        return f"{row.user} is {'an owner' if to == Role.OWNER else 'a member'} now."


class RemoveView(_Act):
    action = Action.MEMBER_REMOVE
    title, button = "Remove the member?", "Remove"

    def asked(self) -> str:
        return (
            f"{self.member().user} can open none of this tenant's containers any more. Connections that are open to "
            "them are reset, unless a container's settings say otherwise: everybody on them reconnects."
        )

    def act(self) -> str:
        row = self.member()
        members.remove(row, actor=current.person(self.request))
        return f"{row.user} is removed."


class HandOverView(_Act):
    action = Action.OWNERSHIP_HAND_OVER
    title, button = "Hand the ownership over?", "Hand it over"

    def asked(self) -> str:
        return f"{self.member().user} becomes an owner, and you a member. Only an owner can give it back."

    def act(self) -> str:
        row = self.member()
        members.hand_over(row, actor=current.person(self.request))
        return f"{row.user} owns the tenant now."


class LeaveView(_Act):
    action = Action.MEMBER_LEAVE
    title, button = "Leave the tenant?", "Leave"
    words = "You can open none of its containers any more, until an owner invites you again."

    def check(self) -> None:
        """Members may, too."""

    def act(self) -> str:
        tenant = self.tenant
        members.leave(tenant, actor=current.person(self.request))
        return f"You have left {tenant}."


class WithdrawView(_Act):
    action = Action.INVITATION_WITHDRAW
    http_method_names = ["post"]  # noqa: RUF012

    def act(self) -> str:
        rows = Invitation.objects.filter(tenant=self.tenant).select_related("tenant")
        row = get_object_or_404(rows, pk=self.kwargs["invitation"])
        invitations.withdraw(row, actor=current.person(self.request))
        return f"The invitation of {row.email} is withdrawn."
