"""Signing up: an address, a mail, and then the rest. GET changes nothing: programs that scan mail follow links."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy

from tenants import accounts, current, founding, guests
from tenants.mail import links
from tenants.models import User
from tenants.pages.forms import AddressForm, DomainForm, DomainFormView, NewPasswordField, PersonNameField, refused
from tenants.refusal import Refused
from tenants.words import gettext as _

BACKEND = "django.contrib.auth.backends.ModelBackend"
SENT = gettext_lazy(
    "If this address can be used here, a mail with a link is on its way to it. Look into the spam folder as well."
)


class TenantFields(DomainForm):
    tenant_name = forms.CharField(
        label=gettext_lazy("Name of your tenant"),
        max_length=100,
        help_text=gettext_lazy("Who shares the containers: a company, a team, or you."),
    )
    slug = forms.CharField(
        label=gettext_lazy("Short name"),
        max_length=20,
        required=False,
        help_text=gettext_lazy("Part of every container's address, and never changed. Empty: made from the name."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "autocapitalize": "none"}),
    )


class SignUpForm(TenantFields):
    """A guest needs no tenant, and can found none where registration is closed."""

    name = PersonNameField()
    password = NewPasswordField()
    field_order = ("name", "password", "tenant_name", "slug")

    def __init__(self, *args: Any, guest: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not guest:
            return
        if not settings.REGISTRATION_OPEN:
            del self.fields["tenant_name"], self.fields["slug"]
            return
        self.fields["tenant_name"].required = False
        self.fields["tenant_name"].help_text = _(
            "Only if you want containers of your own; you can make one later, too."
        )


class SignUpView(DomainFormView):
    """Asks everybody the same where registration is closed: who is a guest is said by mail alone."""

    form_class = AddressForm
    title, button = gettext_lazy("Sign up"), gettext_lazy("Send the link")
    cancel = "sign-in"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.user.is_authenticated:
            return redirect("container-list")
        return super().dispatch(request, *args, **kwargs)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        closed = _(
            "Accounts here are for people with whom something is shared. Give the address that it is shared with."
        )
        words = _("Warren mails a link to this address. With it you go on, within 24 hours.")
        said = words if settings.REGISTRATION_OPEN else f"{closed} {words}"
        return super().get_context_data(**{"words": said, **kwargs})

    def act(self, form: DomainForm) -> HttpResponse:
        accounts.ask(form.cleaned_data["email"])
        messages.success(self.request, SENT)
        return redirect("sign-in")


class SignUpConfirmView(DomainFormView):
    form_class = SignUpForm
    title, button = gettext_lazy("Set up your account"), gettext_lazy("Create the account")

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            self.email = links.signed_up(kwargs["token"])
        except Refused as exc:
            return refused(request, exc, "sign-up")
        if User.objects.filter(email=self.email).exists():  # the link was used
            messages.info(request, _("There is an account with this address already; sign in."))
            return redirect("sign-in")
        if request.method != "POST" and not guests.known(self.email):
            # Registration was open when the link was sent. What is asked for here would be refused in the end.
            try:
                founding.require_open()
            except Refused as exc:
                raise PermissionDenied(str(exc)) from exc
        self.address = self.email
        self.words = _("Your address is confirmed; this is all that is missing.")
        return super().dispatch(request, *args, **kwargs)

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "guest": guests.known(self.email)}

    def act(self, form: DomainForm) -> HttpResponse:
        person, tenant = accounts.sign_up(self.kwargs["token"], **form.cleaned_data)
        login(self.request, person, backend=BACKEND)
        if tenant:
            current.switch(self.request, tenant.slug)
        return redirect("container-list")
