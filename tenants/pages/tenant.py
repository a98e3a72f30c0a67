"""A tenant's page: its name, its people, and who is invited. Members look, owners change."""

from contextlib import nullcontext
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views import View

from tenants import audit, current, founding, invitations, members, standing
from tenants.events import Action
from tenants.models import Invitation, Membership, Role, Tenant
from tenants.pages.forms import DomainForm, DomainFormView, refused
from tenants.pages.sign_up import TenantFields
from tenants.pagination import MOST
from tenants.refusal import Refused


class NameForm(DomainForm):
    name = forms.CharField(label="Name", max_length=100)


class InviteForm(DomainForm):
    email = forms.EmailField(label="E-mail address", max_length=254, widget=forms.EmailInput({"autocomplete": "off"}))
    role = forms.ChoiceField(choices=Role.choices, initial=Role.MEMBER, widget=forms.RadioSelect)


class OfTenant(LoginRequiredMixin):
    """For pages below `tenants/{slug}/`: a tenant that the person doesn't belong to does not exist."""

    request: HttpRequest
    kwargs: dict[str, Any]

    @property
    def membership(self) -> Membership:
        found = current.membership(current.person(self.request), self.kwargs["tenant"])
        if found is None:
            raise Http404
        return found

    @property
    def tenant(self) -> Tenant:
        return self.membership.tenant

    def owned(self, action: Action) -> Tenant:
        """Members are turned away before what they sent is looked at."""
        tenant = self.tenant
        try:
            members.stop_others(tenant, current.person(self.request), action)
        except Refused as exc:
            raise PermissionDenied(str(exc)) from exc
        return tenant


class TenantView(OfTenant, DomainFormView):
    """What is posted here is an invitation."""

    template_name = "tenants/tenant.html"
    form_class = InviteForm

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        self.owned(Action.INVITATION_CREATE)
        return super().post(request, *args, **kwargs)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        own = self.membership
        rows = Membership.objects.filter(tenant=own.tenant).select_related("user").order_by("created_at", "pk")
        shown: dict[str, Any] = {"tenant": own.tenant, "own": own, "is_owner": own.role == Role.OWNER, "most": MOST}
        shown |= {"members": rows[:MOST], "more_members": rows[MOST:].exists()}
        if shown["is_owner"]:
            asked = Invitation.objects.filter(tenant=own.tenant, accepted_at=None, withdrawn_at=None)
            shown |= {
                "invitations": asked.select_related("invited_by")[:MOST],
                "more_invitations": asked[MOST:].exists(),
            }
        return super().get_context_data(**shown, **kwargs)

    def act(self, form: DomainForm) -> HttpResponse:
        tenant = self.tenant
        made = invitations.invite(tenant, actor=current.person(self.request), **form.cleaned_data)
        messages.success(self.request, f"An invitation is on its way to {made.email}.")
        return redirect("tenant", tenant.slug)


class TenantNameView(OfTenant, DomainFormView):
    form_class = NameForm
    title, button = "Rename the tenant", "Save"
    words = "The short name stays: it is in every address."

    def get_initial(self) -> dict[str, Any]:
        return {"name": self.owned(Action.TENANT_RENAME).name}

    def act(self, form: DomainForm) -> HttpResponse:
        tenant = founding.rename(self.tenant, form.cleaned_data["name"], actor=current.person(self.request))
        return redirect("tenant", tenant.slug)


class DeleteForm(DomainForm):
    slug = forms.CharField(label="Type its short name to delete it", widget=forms.TextInput({"autocomplete": "off"}))


class TenantDeleteView(OfTenant, DomainFormView):
    form_class = DeleteForm
    title, button = "Delete the tenant?", "Delete it with all it has"
    words = (
        "Every container with its data and its address will be gone, and all members lose the tenant at once. "
        "There is no way back, and the short name is never given out again."
    )
    extra_context = {"danger": True}  # noqa: RUF012  (Django declares it for the instance)

    def get_form_kwargs(self) -> dict[str, Any]:
        self.owned(Action.TENANT_CLOSE)
        return super().get_form_kwargs()

    def act(self, form: DomainForm) -> HttpResponse:
        tenant = self.tenant
        standing.close_own(tenant, form.cleaned_data["slug"], actor=current.person(self.request))
        messages.success(self.request, f"{tenant} is being deleted.")
        return redirect("container-list")


def _only_where_open(request: HttpRequest) -> None:
    """No form where registration is closed; who posts one all the same is on record."""
    asked = audit.refusals(Action.TENANT_CREATE, actor=current.person(request))
    try:
        with asked if request.method == "POST" else nullcontext():
            founding.require_open()
    except Refused as exc:
        raise PermissionDenied(str(exc)) from exc


class TenantCreateView(LoginRequiredMixin, DomainFormView):
    form_class = TenantFields
    title, button = "New tenant", "Create the tenant"
    cancel = "account"

    def get_form_kwargs(self) -> dict[str, Any]:
        _only_where_open(self.request)
        return super().get_form_kwargs()

    def act(self, form: DomainForm) -> HttpResponse:
        name, slug = form.cleaned_data["tenant_name"], form.cleaned_data["slug"]
        tenant = founding.create(actor=current.person(self.request), name=name, slug=slug, field="tenant_name")
        current.switch(self.request, tenant.slug)
        return redirect("tenant", tenant.slug)


class SwitchView(LoginRequiredMixin, View):
    """Work for another of the person's tenants, and go on where they were."""

    def post(self, request: HttpRequest) -> HttpResponse:
        try:
            current.switch(request, request.POST.get("tenant", ""))
        except Refused as exc:
            return refused(request, exc, "container-list")
        there = request.POST.get("next", "")
        safe = url_has_allowed_host_and_scheme(there, {request.get_host()}, require_https=request.is_secure())
        return redirect(there if safe else "container-list")
