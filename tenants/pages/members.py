"""Who belongs to a tenant, who is invited, and what is done to them: from the page of the members, and back to it."""

from abc import abstractmethod
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy
from django.views import View
from django_stubs_ext import StrOrPromise

from tenants import current, invitations, members
from tenants.events import Action
from tenants.models import Invitation, Membership, Role
from tenants.pages.forms import DomainForm, DomainFormView, refused
from tenants.pages.tenant import OfTenant
from tenants.pagination import MOST
from tenants.refusal import Refused
from tenants.words import gettext as _

ROLES = [
    (Role.MEMBER.value, gettext_lazy("Member: creates, uses and shares all containers")),
    (Role.OWNER.value, gettext_lazy("Owner: also decides about members, the name and the end of the tenant")),
]


class InviteForm(DomainForm):
    email = forms.EmailField(
        label=gettext_lazy("E-mail address"), max_length=254, widget=forms.EmailInput({"autocomplete": "off"})
    )
    role = forms.ChoiceField(label=gettext_lazy("Role"), choices=ROLES, initial=Role.MEMBER, widget=forms.RadioSelect)


class MembersView(OfTenant, DomainFormView):
    """What is posted here is an invitation."""

    template_name = "tenants/members.html"
    form_class = InviteForm
    tab = "members"

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        self.owned(Action.INVITATION_CREATE)
        return super().post(request, *args, **kwargs)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        shown = self.framed()
        rows = Membership.objects.filter(tenant=self.tenant).select_related("user").order_by("created_at", "pk")
        shown |= {"members": rows[:MOST], "more_members": rows[MOST:].exists(), "most": MOST}
        if shown["is_owner"]:
            asked = Invitation.objects.filter(tenant=self.tenant, accepted_at=None, withdrawn_at=None)
            shown |= {
                "invitations": asked.select_related("invited_by")[:MOST],
                "more_invitations": asked[MOST:].exists(),
                # The link of an invitation proves whose an address is, so it goes to that address and nowhere else.
                "mails": bool(settings.EMAIL_URL),
            }
        return super().get_context_data(**shown, **kwargs)

    def act(self, form: DomainForm) -> HttpResponse:
        tenant = self.tenant
        made = invitations.invite(tenant, actor=current.person(self.request), **form.cleaned_data)
        messages.success(self.request, _("An invitation is on its way to %(email)s.") % {"email": made.email})
        return redirect("tenant-members", tenant.slug)


class _Act(OfTenant, View):
    """Asks first on GET, where there is something to ask; acts on POST."""

    http_method_names = ["get", "post"]  # noqa: RUF012  (Django declares it for the instance)
    action: Action
    title: StrOrPromise = ""
    words: StrOrPromise = ""
    button: StrOrPromise = ""
    danger = True
    page = "tenant-members"  # where it is asked from

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        self.check()
        context = {"words": self.asked(), "title": self.title, "button": self.button, "danger": self.danger}
        return render(request, "tenants/ask.html", {**context, "tenant": self.tenant, "page": self.page, **self.more()})

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        tenant = self.tenant
        self.check()
        try:
            said = self.act()
        except Refused as exc:
            return refused(request, exc, self.page, tenant.slug)
        messages.success(request, said)
        still = Membership.objects.filter(tenant=tenant, user=current.person(request)).exists()
        return redirect(self.page, tenant.slug) if still else redirect("account")

    @abstractmethod
    def act(self) -> str:
        """Do it, and return what to say then."""

    def asked(self) -> StrOrPromise:
        return self.words

    def more(self) -> dict[str, Any]:
        return {}

    def check(self) -> None:
        self.owned(self.action)

    @cached_property
    def member(self) -> Membership:
        rows = Membership.objects.filter(tenant=self.tenant).select_related("tenant", "user")
        return get_object_or_404(rows, pk=self.kwargs["member"])


class RoleView(_Act):
    """Asks whether the member shall have the other role."""

    action = Action.MEMBER_ROLE
    danger = False

    def asked(self) -> StrOrPromise:
        who = {"who": self.member.user}
        if self.member.role == Role.OWNER:
            self.title, self.button = _("Make %(who)s a member?") % who, _("Make a member")
            return _(
                "They go on using all containers, and decide no more about members, the name and the end of the "
                "tenant. Invitations of theirs that are open are withdrawn."
            )
        self.title, self.button = _("Make %(who)s an owner?") % who, _("Make an owner")
        return _("They may do all that you may: invite and remove members, you included, and delete the tenant.")

    def more(self) -> dict[str, Any]:
        return {"role": Role.MEMBER if self.member.role == Role.OWNER else Role.OWNER}

    def act(self) -> str:
        to = self.request.POST.get("role", "")
        if to not in Role.values:
            raise Refused("invalid", _("Choose one of the roles."))
        who = {"who": members.change_role(self.member, to, actor=current.person(self.request)).user}
        return _("%(who)s is an owner now.") % who if to == Role.OWNER else _("%(who)s is a member now.") % who


class RemoveView(_Act):
    action = Action.MEMBER_REMOVE
    title, button = gettext_lazy("Remove the member?"), gettext_lazy("Remove")

    def asked(self) -> StrOrPromise:
        return _(
            "%(who)s can open none of this tenant's containers any more. Connections that are open to "
            "them are reset, unless a container's settings say otherwise: everybody on them reconnects."
        ) % {"who": self.member.user}

    def act(self) -> str:
        row = self.member
        members.remove(row, actor=current.person(self.request))
        return _("%(who)s is removed.") % {"who": row.user}


class HandOverView(_Act):
    action = Action.OWNERSHIP_HAND_OVER
    title, button = gettext_lazy("Hand the ownership over?"), gettext_lazy("Hand it over")

    def asked(self) -> StrOrPromise:
        return _("%(who)s becomes an owner, and you a member. Only an owner can give it back.") % {
            "who": self.member.user
        }

    def act(self) -> str:
        row = self.member
        members.hand_over(row, actor=current.person(self.request))
        return _("%(who)s owns the tenant now.") % {"who": row.user}


class LeaveView(_Act):
    action = Action.MEMBER_LEAVE
    title, button = gettext_lazy("Leave the tenant?"), gettext_lazy("Leave")
    words = gettext_lazy("You can open none of its containers any more, until an owner invites you again.")
    page = "tenant-settings"

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
