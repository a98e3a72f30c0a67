"""What is done to members and invitations, each from the tenant's page and back to it."""

from abc import abstractmethod
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext_lazy
from django.views import View
from django_stubs_ext import StrOrPromise

from tenants import current, invitations, members
from tenants.events import Action
from tenants.models import Invitation, Membership, Role
from tenants.pages.forms import refused
from tenants.pages.tenant import OfTenant
from tenants.refusal import Refused
from tenants.words import gettext as _


class _Act(OfTenant, View):
    """Asks first on GET, where there is something to ask; acts on POST."""

    http_method_names = ["get", "post"]  # noqa: RUF012  (Django declares it for the instance)
    action: Action
    title: StrOrPromise = ""
    words: StrOrPromise = ""
    button: StrOrPromise = ""

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
        return str(self.words)

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
            raise Refused("invalid", _("Choose one of the roles."))
        row = members.change_role(self.member(), to, actor=current.person(self.request))
        said = _("%(user)s is an owner now.") if to == Role.OWNER else _("%(user)s is a member now.")
        return said % {"user": row.user}


class RemoveView(_Act):
    action = Action.MEMBER_REMOVE
    title, button = gettext_lazy("Remove the member?"), gettext_lazy("Remove")

    def asked(self) -> str:
        return _(
            "%(user)s can open none of this tenant's containers any more. Connections that are open to "
            "them are reset, unless a container's settings say otherwise: everybody on them reconnects."
        ) % {"user": self.member().user}

    def act(self) -> str:
        row = self.member()
        members.remove(row, actor=current.person(self.request))
        return _("%(user)s is removed.") % {"user": row.user}


class HandOverView(_Act):
    action = Action.OWNERSHIP_HAND_OVER
    title, button = gettext_lazy("Hand the ownership over?"), gettext_lazy("Hand it over")

    def asked(self) -> str:
        return _("%(user)s becomes an owner, and you a member. Only an owner can give it back.") % {
            "user": self.member().user
        }

    def act(self) -> str:
        row = self.member()
        members.hand_over(row, actor=current.person(self.request))
        return _("%(user)s owns the tenant now.") % {"user": row.user}


class LeaveView(_Act):
    action = Action.MEMBER_LEAVE
    title, button = gettext_lazy("Leave the tenant?"), gettext_lazy("Leave")
    words = gettext_lazy("You can open none of its containers any more, until an owner invites you again.")

    def check(self) -> None:
        """Members may, too."""

    def act(self) -> str:
        tenant = self.tenant
        members.leave(tenant, actor=current.person(self.request))
        return _("You have left %(tenant)s.") % {"tenant": tenant}


class WithdrawView(_Act):
    action = Action.INVITATION_WITHDRAW
    http_method_names = ["post"]  # noqa: RUF012

    def act(self) -> str:
        rows = Invitation.objects.filter(tenant=self.tenant).select_related("tenant")
        row = get_object_or_404(rows, pk=self.kwargs["invitation"])
        invitations.withdraw(row, actor=current.person(self.request))
        return _("The invitation of %(email)s is withdrawn.") % {"email": row.email}
