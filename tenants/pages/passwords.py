"""A forgotten password, and a new one."""

from typing import Any

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy

from tenants import current, passwords
from tenants.mail import links
from tenants.pages.forms import AddressForm, DomainForm, DomainFormView, NewPasswordField, PasswordField, refused
from tenants.pages.sign_up import SENT
from tenants.refusal import Refused
from tenants.words import gettext as _


class PasswordForm(DomainForm):
    password = NewPasswordField()


class PasswordChangeForm(DomainForm):
    current_password = PasswordField()
    password = NewPasswordField(gettext_lazy("New password"))


class PasswordResetView(DomainFormView):
    form_class = AddressForm
    title, button = gettext_lazy("Forgotten your password?"), gettext_lazy("Send the link")
    words = gettext_lazy("Warren mails you a link, with which you choose a new one. It is good for 24 hours, and once.")
    cancel = "sign-in"

    def act(self, form: DomainForm) -> HttpResponse:
        passwords.ask(form.cleaned_data["email"])
        messages.success(self.request, SENT)
        return redirect("sign-in")


class PasswordResetConfirmView(DomainFormView):
    form_class = PasswordForm
    title, button = gettext_lazy("Choose a new password"), gettext_lazy("Set the password")

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            person = links.with_password_link(kwargs["token"])
        except Refused as exc:
            return refused(request, exc, "password-reset")
        self.address = person.email
        self.words = _("All sessions of yours end, and your API tokens are revoked.")
        return super().dispatch(request, *args, **kwargs)

    def act(self, form: DomainForm) -> HttpResponse:
        passwords.reset(self.kwargs["token"], form.cleaned_data["password"])
        messages.success(self.request, _("The new password is set; sign in with it."))
        return redirect("sign-in")


class PasswordChangeView(LoginRequiredMixin, DomainFormView):
    form_class = PasswordChangeForm
    title, button = gettext_lazy("Change the password"), gettext_lazy("Change it")
    words = gettext_lazy("You stay signed in here; every other session of yours ends, and your API tokens are revoked.")
    cancel = "account"

    def act(self, form: DomainForm) -> HttpResponse:
        given = form.cleaned_data
        person = passwords.change(
            current.person(self.request), given["current_password"], given["password"], request=self.request
        )
        update_session_auth_hash(self.request, person)
        messages.success(self.request, _("The password is changed."))
        return redirect("account")
