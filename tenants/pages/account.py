"""The person's own page: name, tenants, password, tokens, and the way out."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views import View
from django.views.i18n import set_language

from tenants import accounts, current, languages
from tenants.pages.forms import DomainForm, DomainFormView, PasswordField, PersonNameField


def _languages() -> list[tuple[str, Any]]:
    return [("", _("As the browser says")), *languages.CHOICES]


class ProfileForm(DomainForm):
    name = PersonNameField()
    language = forms.ChoiceField(label=gettext_lazy("Language"), choices=_languages, required=False)


class CloseForm(DomainForm):
    current_password = PasswordField(gettext_lazy("Password"))


class AccountView(LoginRequiredMixin, DomainFormView):
    template_name = "tenants/account.html"
    form_class = ProfileForm

    def get_initial(self) -> dict[str, Any]:
        person = current.person(self.request)
        return {"name": person.name, "language": person.language}

    def act(self, form: DomainForm) -> HttpResponse:
        person = accounts.change(current.person(self.request), **form.cleaned_data)
        if person.language:
            translation.activate(person.language)
        messages.success(self.request, _("Your profile is saved."))
        return redirect("account")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        mine = current.memberships(current.person(self.request))
        shown = {"memberships": mine, "registration_open": settings.REGISTRATION_OPEN, "tab": "account"}
        return super().get_context_data(**shown, **kwargs)


class CloseView(LoginRequiredMixin, DomainFormView):
    form_class = CloseForm
    title, button = gettext_lazy("Close your account?"), gettext_lazy("Close the account")
    words = gettext_lazy(
        "You leave every tenant; your sessions end and your API tokens are revoked. What you made for a tenant stays."
    )
    cancel = "account"
    extra_context = {"danger": True}  # noqa: RUF012  (Django declares it for the instance)

    def act(self, form: DomainForm) -> HttpResponse:
        person = current.person(self.request)
        accounts.close(person, form.cleaned_data["current_password"], request=self.request)
        logout(self.request)
        messages.success(self.request, _("Your account is closed."))
        return redirect("sign-in")


class LanguageView(View):
    """From the menu: kept in the browser, and of somebody who has signed in, with the person as well."""

    http_method_names = ("post",)

    def post(self, request: HttpRequest) -> HttpResponse:
        code = languages.known(request.POST.get("language"))
        if code and request.user.is_authenticated:
            accounts.change(current.person(request), language=code)
        return set_language(request)
