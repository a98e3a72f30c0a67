"""Where the link of an invitation leads: to a button, to the sign-in, or to a new account."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth import login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from tenants import current, invitations
from tenants.models import Membership
from tenants.pages.forms import DomainForm, DomainFormView, NewPasswordField, PersonNameField, refused
from tenants.pages.sign_up import BACKEND
from tenants.refusal import Refused
from tenants.words import gettext as _


class NewcomerForm(DomainForm):
    name = PersonNameField()
    password = NewPasswordField()


class InvitationView(DomainFormView):
    template_name = "tenants/invitation.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            self.invitation = invitations.find(kwargs["token"])
        except Refused as exc:
            return refused(request, exc, "container-list" if request.user.is_authenticated else "sign-in")
        try:
            there = None if request.user.is_authenticated else invitations.invitee(self.invitation)
        except Refused as exc:
            raise PermissionDenied(str(exc)) from exc
        if there:
            messages.info(
                request, _("Sign in as %(email)s to accept the invitation.") % {"email": self.invitation.email}
            )
            return redirect(f"{reverse('sign-in')}?{urlencode({'next': request.path})}")
        return super().dispatch(request, *args, **kwargs)

    def get_form_class(self) -> type[DomainForm]:
        return DomainForm if self.request.user.is_authenticated else NewcomerForm

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        user = self.request.user
        fits = not user.is_authenticated or user.email == self.invitation.email
        # Whoever is new gives a password: a program that keeps passwords learns here whose it is.
        address = "" if user.is_authenticated else self.invitation.email
        return super().get_context_data(**{"invitation": self.invitation, "fits": fits, "address": address, **kwargs})

    def act(self, form: DomainForm) -> HttpResponse:
        token = self.kwargs["token"]
        if self.request.user.is_authenticated:
            made = invitations.accept(token, actor=current.person(self.request))
        else:
            made = invitations.accept_newly(token, **form.cleaned_data)
            login(self.request, made.user, backend=BACKEND)
        return self._welcome(made)

    def _welcome(self, made: Membership) -> HttpResponse:
        current.switch(self.request, made.tenant.slug)
        messages.success(self.request, _("Welcome to %(tenant)s.") % {"tenant": made.tenant})
        return redirect("container-list")
