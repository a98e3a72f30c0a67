"""A tenant's own pages: plan and usage, settings, and how to make, change and end one. Members look, owners change."""

import datetime
from contextlib import nullcontext
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy
from django.views import View
from django.views.generic import TemplateView

from tenants import audit, current, founding, members, standing
from tenants.events import Action
from tenants.models import Membership, Role, Tenant
from tenants.pages.forms import DomainForm, DomainFormView, refused
from tenants.pages.sign_up import TenantFields
from tenants.refusal import Refused
from tenants.words import gettext as _


class NameForm(DomainForm):
    name = forms.CharField(label=gettext_lazy("Name"), max_length=100)


class OfTenant(LoginRequiredMixin):
    """For pages below `tenants/{slug}/`: a tenant that the person doesn't belong to does not exist."""

    request: HttpRequest
    kwargs: dict[str, Any]
    tab = ""  # which of the frame's it is

    @cached_property
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

    def framed(self) -> dict[str, Any]:
        """What `tenants/frame.html` asks for."""
        own = self.membership
        return {"tenant": own.tenant, "own": own, "is_owner": own.role == Role.OWNER, "tab": self.tab}


class TenantView(OfTenant, TemplateView):
    """Its plan, and what is used of it."""

    template_name = "tenants/tenant.html"
    tab = "usage"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        again = next_month(timezone.now())
        left = -(-(again - timezone.now()) // datetime.timedelta(days=1))
        return super().get_context_data(**{**kwargs, **self.framed(), "again": again, "days_left": left})


def next_month(at: datetime.datetime) -> datetime.datetime:
    """When traffic is counted from nothing again: at the beginning of a month, in UTC."""
    first = at.astimezone(datetime.UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return (first + datetime.timedelta(days=32)).replace(day=1)


class SettingsView(OfTenant, TemplateView):
    """Its name, and the ways out. The form is posted to the page of the name alone."""

    template_name = "tenants/settings.html"
    tab = "settings"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        form = NameForm(initial={"name": self.tenant.name})
        return super().get_context_data(**{**kwargs, **self.framed(), "form": form})


class _Settled(OfTenant, DomainFormView):
    """A form of the settings, from there and back."""

    def back(self) -> str:
        return resolve_url("tenant-settings", self.kwargs["tenant"])


class TenantNameView(_Settled):
    form_class = NameForm
    title, button = gettext_lazy("Rename the tenant"), gettext_lazy("Save")
    words = gettext_lazy("The short name stays: it is in every address.")

    def get_initial(self) -> dict[str, Any]:
        return {"name": self.owned(Action.TENANT_RENAME).name}

    def act(self, form: DomainForm) -> HttpResponse:
        tenant = founding.rename(self.tenant, form.cleaned_data["name"], actor=current.person(self.request))
        messages.success(self.request, _("The tenant is called %(name)s now.") % {"name": tenant.name})
        return redirect("tenant-settings", tenant.slug)


class DeleteForm(DomainForm):
    slug = forms.CharField(
        label=gettext_lazy("Type its short name to delete it"),
        widget=forms.TextInput({"autocomplete": "off", "spellcheck": "false", "autocapitalize": "none"}),
    )


class TenantDeleteView(_Settled):
    form_class = DeleteForm
    button = gettext_lazy("Delete it with all it has")
    words = gettext_lazy(
        "Every container with its data and its address will be gone, and all members lose the tenant at once. "
        "There is no way back, and the short name is never given out again."
    )
    extra_context = {"danger": True}  # noqa: RUF012  (Django declares it for the instance)

    def get_form_kwargs(self) -> dict[str, Any]:
        self.owned(Action.TENANT_CLOSE)
        return super().get_form_kwargs()

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**{"title": _("Delete %(tenant)s?") % {"tenant": self.tenant}, **kwargs})

    def get_form(self, form_class: type[DomainForm] | None = None) -> DomainForm:
        form = super().get_form(form_class)
        form.fields["slug"].help_text = _("It is %(slug)s.") % {"slug": self.tenant.slug}
        return form

    def act(self, form: DomainForm) -> HttpResponse:
        tenant = self.tenant
        standing.close_own(tenant, form.cleaned_data["slug"], actor=current.person(self.request))
        messages.success(self.request, _("%(tenant)s is being deleted.") % {"tenant": tenant})
        return redirect("container-list")


def _only_where_open(request: HttpRequest) -> None:
    """No form where registration is closed; who posts one all the same is on record."""
    asked = audit.refusals(Action.TENANT_CREATE, actor=current.person(request))
    try:
        with asked if request.method == "POST" else nullcontext():
            founding.require_free()
    except Refused as exc:
        raise PermissionDenied(str(exc)) from exc


class TenantCreateView(LoginRequiredMixin, DomainFormView):
    form_class = TenantFields
    title, button = gettext_lazy("New tenant"), gettext_lazy("Create the tenant")
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
