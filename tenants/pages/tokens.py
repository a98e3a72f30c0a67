"""API tokens: the person's own, listed, made and revoked."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext_lazy
from django.views import View

from tenants import current, tokens
from tenants.models import ApiToken, Scope
from tenants.pages.forms import DomainForm, DomainFormView
from tenants.pagination import MOST
from tenants.words import gettext as _

SCOPES = [
    (Scope.READ.value, gettext_lazy("Read only: looks, and changes nothing")),
    (Scope.WRITE.value, gettext_lazy("Read and write: all that you may do")),
]


class TokenForm(DomainForm):
    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=100,
        help_text=gettext_lazy("What it is for, such as: nightly backup."),
        widget=forms.TextInput({"autocomplete": "off"}),
    )
    scope = forms.ChoiceField(label=gettext_lazy("Scope"), choices=SCOPES, initial=Scope.READ, widget=forms.RadioSelect)
    expires_in_days = forms.IntegerField(
        label=gettext_lazy("Days until it expires"), min_value=1, max_value=36500, required=False, initial=90
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        longest = settings.TOKEN_MAX_DAYS
        said = _("At most %(days)s. Empty: %(days)s.") % {"days": longest} if longest else _("Empty: never.")
        self.fields["expires_in_days"].help_text = said


class TokensView(LoginRequiredMixin, DomainFormView):
    template_name = "tenants/tokens.html"
    form_class = TokenForm

    def act(self, form: DomainForm) -> HttpResponse:
        """The answer itself shows the secret: it is in no session, no message and no other page."""
        made, secret = tokens.create(actor=current.person(self.request), **form.cleaned_data)
        context = self.get_context_data(form=self.form_class(), made=made, secret=secret)
        answer = self.render_to_response(context, status=201)
        answer["Cache-Control"] = "no-store"
        return answer

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        mine = ApiToken.objects.filter(user=current.person(self.request))
        here = settings.PUBLIC_URL or f"{self.request.scheme}://{self.request.get_host()}"
        shown = {"tokens": mine[:MOST], "more_tokens": mine[MOST:].exists(), "most": MOST, "tab": "tokens"}
        return super().get_context_data(**shown, api=f"{here}/api/v1", **kwargs)


class TokenRevokeView(LoginRequiredMixin, View):
    """Asks on GET, acts on POST."""

    def get(self, request: HttpRequest, key: str) -> HttpResponse:
        return render(request, "tenants/revoke.html", {"token": _mine(request, key)})

    def post(self, request: HttpRequest, key: str) -> HttpResponse:
        tokens.revoke(_mine(request, key), actor=current.person(request))
        messages.success(request, _("The token is revoked."))
        return redirect("tokens")


def _mine(request: HttpRequest, key: str) -> ApiToken:
    return get_object_or_404(ApiToken, user=current.person(request), token_key=key)
