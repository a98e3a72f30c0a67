"""Signing up: an address, a mail, and then the rest. GET changes nothing: programs that scan mail follow links."""

from contextlib import nullcontext
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect

from tenants import accounts, audit, current, founding
from tenants.events import Action
from tenants.mail import links
from tenants.models import User
from tenants.pages.forms import AddressForm, DomainForm, DomainFormView, NewPasswordField, PersonNameField, refused
from tenants.refusal import Refused

BACKEND = "django.contrib.auth.backends.ModelBackend"
SENT = "If this address can be used here, a mail with a link is on its way to it. Look into the spam folder as well."


def only_where_open(action: Action, actor: User | None, request: HttpRequest) -> None:
    """No form where registration is closed; who posts one all the same is on record."""
    try:
        with audit.refusals(action, actor=actor) if request.method == "POST" else nullcontext():
            founding.require_open()
    except Refused as exc:
        raise PermissionDenied(str(exc)) from exc


class TenantFields(DomainForm):
    tenant_name = forms.CharField(
        label="Name of your tenant", max_length=100, help_text="Who shares the containers: a company, a team, or you."
    )
    slug = forms.CharField(
        label="Short name",
        max_length=20,
        required=False,
        help_text="Part of every container's address, and never changed. Empty: made from the name.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "autocapitalize": "none"}),
    )


class SignUpForm(TenantFields):
    name = PersonNameField()
    password = NewPasswordField()
    field_order = ("name", "password", "tenant_name", "slug")


class SignUpView(DomainFormView):
    form_class = AddressForm
    title, button = "Sign up", "Send the link"
    words = "Warren mails a link to this address. With it you go on, within 24 hours."
    cancel = "sign-in"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.user.is_authenticated:
            return redirect("container-list")
        only_where_open(Action.SIGN_UP_ASK, None, request)
        return super().dispatch(request, *args, **kwargs)

    def act(self, form: DomainForm) -> HttpResponse:
        accounts.ask(form.cleaned_data["email"])
        messages.success(self.request, SENT)
        return redirect("sign-in")


class SignUpConfirmView(DomainFormView):
    form_class = SignUpForm
    title, button = "Set up your account", "Create the account"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            self.email = links.signed_up(kwargs["token"])
        except Refused as exc:
            return refused(request, exc, "sign-up" if settings.REGISTRATION_OPEN else "sign-in")
        if User.objects.filter(email=self.email).exists():  # the link was used
            messages.info(request, "There is an account with this address already; sign in.")
            return redirect("sign-in")
        self.words = f"{self.email} is confirmed."
        return super().dispatch(request, *args, **kwargs)

    def act(self, form: DomainForm) -> HttpResponse:
        person, tenant = accounts.sign_up(self.kwargs["token"], **form.cleaned_data)
        login(self.request, person, backend=BACKEND)
        current.switch(self.request, tenant.slug)
        return redirect("container-list")
