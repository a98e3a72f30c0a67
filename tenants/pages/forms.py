"""Forms whose checks are the domain's, and the pages that show them."""

from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url
from django.utils.translation import gettext_lazy as _
from django.views.generic import FormView
from django_stubs_ext import StrOrPromise

from tenants import passwords
from tenants.refusal import Refused


class LeadingForm(forms.Form):
    """Takes whoever types, or listens, to what is wrong with it, also without JavaScript."""

    leads = ""  # the name of the field that the keyboard begins at because it is wrong
    led_above = False  # the page says above the form what is the matter, and takes the keyboard there

    def add_error(self, field: str | None, error: Any) -> None:
        super().add_error(field, error)
        lead(self)


def lead(*shown: LeadingForm) -> None:
    """Of the forms of one page: to the words on top, where there are some, or else to the first field that is wrong.

    A group of choices has no one place for the keyboard: the template takes it to the group as a whole.
    """
    wrong = [(form, name) for form in shown for name in form.fields if name in form.errors]
    if not wrong and not any(form.non_field_errors() for form in shown):
        return
    for form in shown:
        form.leads = ""
        for field in form.fields.values():
            field.widget.attrs.pop("autofocus", None)
    on_top = any(form.led_above or form.non_field_errors() for form in shown)
    if not on_top and not any(form[name].is_hidden for form, name in wrong):
        first, name = wrong[0]
        first.leads = name
        if not first[name].use_fieldset:
            first.fields[name].widget.attrs["autofocus"] = True


class DomainForm(LeadingForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})

    def refuse(self, exc: Refused) -> None:
        """Show a refusal at the field that it is about."""
        field = exc.members.get("field")
        self.add_error(field if field in self.fields else None, str(exc))


class AddressForm(DomainForm):
    email = forms.EmailField(
        label=_("E-mail address"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email", "autofocus": True}),
    )


class NewPasswordField(forms.CharField):
    def __init__(self, label: StrOrPromise = "", **kwargs: Any) -> None:
        super().__init__(
            label=label or _("Password"),
            max_length=passwords.MAX_LENGTH,
            strip=False,
            help_text=_("At least 8 characters, not only digits, and nothing that others would guess."),
            widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
            **kwargs,
        )


class PasswordField(forms.CharField):
    """The present one."""

    def __init__(self, label: StrOrPromise = "") -> None:
        widget = forms.PasswordInput(attrs={"autocomplete": "current-password"})
        super().__init__(
            label=label or _("Present password"), max_length=passwords.MAX_LENGTH, strip=False, widget=widget
        )


class PersonNameField(forms.CharField):
    def __init__(self, **kwargs: Any) -> None:
        widget = forms.TextInput(attrs={"autocomplete": "name"})
        super().__init__(label=_("Your name"), max_length=150, widget=widget, **kwargs)


class DomainFormView(FormView[DomainForm]):
    """`act` makes one call of the domain; what that refuses is shown in the form.

    The template gets `title`, `button`, `cancel` (where to go instead), `words` (above the form), and `address`: whose
    password it is that the form asks for, so that a program that keeps passwords knows it.
    """

    template_name = "tenants/form.html"
    title: StrOrPromise = ""
    button: StrOrPromise = ""
    words: StrOrPromise = ""
    address = ""
    cancel: str | None = None

    @abstractmethod
    def act(self, form: DomainForm) -> HttpResponse:
        """The one domain call, and where to go then."""

    def form_valid(self, form: DomainForm) -> HttpResponse:
        try:
            return self.act(form)
        except Refused as exc:
            form.refuse(exc)
            status = exc.status if exc.status in {403, 429, 503} else 200
            answer = self.render_to_response(self.get_context_data(form=form), status=status)
            if wait := exc.members.get("retry_after"):
                answer["Retry-After"] = str(wait)
            return answer

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        shown = {"title": self.title, "button": self.button, "words": self.words, "address": self.address}
        return super().get_context_data(**{**shown, "cancel": self.back(), **kwargs})

    def back(self) -> str:
        """Where *Cancel* leads; empty: there is none."""
        return resolve_url(self.cancel) if self.cancel else ""


@contextmanager
def said(request: HttpRequest) -> Iterator[None]:
    """What is refused within it is said on the page that comes next."""
    try:
        yield
    except Refused as exc:
        messages.error(request, str(exc))


def refused(request: HttpRequest, exc: Refused, to: str, *args: Any) -> HttpResponse:
    """Say why not on another page."""
    messages.error(request, str(exc))
    return redirect(to, *args)
