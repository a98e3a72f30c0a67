from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.utils.translation import gettext_lazy as _

from tenants.models.user import fold_email
from tenants.pages.forms import LeadingForm


class SignInForm(LeadingForm, AuthenticationForm):
    """The address is the user name, in whatever case it is typed."""

    error_messages = {  # noqa: RUF012  (Django declares it for the instance)
        **AuthenticationForm.error_messages,
        "invalid_login": _("No account has this address with this password. Check both; capital letters count."),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})
        self.fields["username"].widget = forms.EmailInput(attrs={"autofocus": True, "autocomplete": "username"})
        self.fields["username"].label = _("E-mail address")

    def get_invalid_login_error(self) -> forms.ValidationError:
        """Either may be wrong. The password is gone from the form and has to be typed anew, so it stands there."""
        described = {"aria-invalid": "true", "aria-describedby": f"{self['password'].auto_id}_error"}
        self.fields["username"].widget.attrs |= described
        return forms.ValidationError({"password": super().get_invalid_login_error()})

    def clean_username(self) -> str:
        return fold_email(self.cleaned_data["username"])


class SignInView(LoginView):
    """`next`, checked to be of this site, leads back to where somebody was asked to sign in."""

    template_name = "tenants/sign_in.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        shown = {"registration_open": settings.REGISTRATION_OPEN, "goes_on": self.get_redirect_url()}
        return super().get_context_data(**shown, **kwargs)
