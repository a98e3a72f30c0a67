"""API tokens: the person's own, listed, made and revoked."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext_lazy
from django.views import View

from tenants import current, tokens
from tenants.models import ApiToken, Scope
from tenants.pages.forms import DomainForm, DomainFormView
from tenants.pagination import MOST
from tenants.words import gettext as _


class TokenForm(DomainForm):
    name = forms.CharField(
        label=gettext_lazy("Name"), max_length=100, help_text=gettext_lazy("What it is for, such as: nightly backup.")
    )
    scope = forms.ChoiceField(
        label=gettext_lazy("Scope"), choices=Scope.choices, initial=Scope.READ, widget=forms.RadioSelect
    )
    expires_in_days = forms.IntegerField(
        label=gettext_lazy("Days until it expires"), min_value=1, max_value=36500, required=False, initial=90
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        longest = settings.TOKEN_MAX_DAYS
        help_text = (
            _("At most %(longest)s. Empty: %(longest)s.") % {"longest": longest} if longest else _("Empty: never.")
        )
        self.fields["expires_in_days"].help_text = help_text


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
        shown = {"tokens": mine[:MOST], "more_tokens": mine[MOST:].exists(), "most": MOST}
        return super().get_context_data(**shown, api=f"{here}/api/v1", **kwargs)


class TokenRevokeView(LoginRequiredMixin, View):
    def post(self, request: HttpRequest, key: str) -> HttpResponse:
        person = current.person(request)
        tokens.revoke(get_object_or_404(ApiToken, user=person, token_key=key), actor=person)
        messages.success(request, _("The token is revoked."))
        return redirect("tokens")
