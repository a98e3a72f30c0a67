from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView

from tenants.models.user import fold_email
from tenants.words import gettext as _


class SignInForm(AuthenticationForm):
    """The address is the user name, in whatever case it is typed."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})
        self.fields["username"].widget = forms.EmailInput(attrs={"autofocus": True, "autocomplete": "username"})
        self.fields["username"].label = _("E-mail address")

    def clean_username(self) -> str:
        return fold_email(self.cleaned_data["username"])


class SignInView(LoginView):
    template_name = "tenants/sign_in.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(registration_open=settings.REGISTRATION_OPEN, **kwargs)
