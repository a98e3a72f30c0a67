"""Who comes with `Authorization: Bearer …`."""

import datetime
import re
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from knox.auth import TokenAuthentication as Knox
from rest_framework import exceptions
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request

from tenants import audit
from tenants.events import Action, Outcome
from tenants.models import ApiToken, Scope, User

NOTED = datetime.timedelta(minutes=1)  # use is noted no more often: a write for every request would be dear
_TOKEN = re.compile(rb"[A-Za-z0-9]{16,200}")


class ReadOnlyToken(exceptions.PermissionDenied):
    default_code = "token_scope"
    default_detail = _("This token may read only; use one with the scope “write”.")


class TokenAuthentication(Knox):  # type: ignore[misc]  # knox has no types
    """Knox's, with scopes and a note of the last use. It deletes no token that has expired: its owner sees it."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        found: tuple[User, ApiToken] | None = super().authenticate(request)
        if found is None:
            return None
        person, token = found
        if token.scope == Scope.READ and not _reads(request):
            facts = {"token": token.token_key, "method": request.method, "path": request.path[:200]}
            audit.record(Action.TOKEN_USE, actor=person, outcome=Outcome.REFUSED, reason="token_scope", **facts)
            raise ReadOnlyToken
        _note_use(token)
        return found

    def authenticate_credentials(self, token: bytes) -> Any:
        try:
            if _TOKEN.fullmatch(token):  # knox would ask the database for anything, NUL bytes included
                return super().authenticate_credentials(token)
        except exceptions.AuthenticationFailed:  # knox says no more than that it is invalid
            pass
        raise exceptions.AuthenticationFailed(
            _("This token is not valid: it has run out, was revoked, or is not whole. Sign in and create another.")
        )

    def _cleanup_token(self, auth_token: ApiToken) -> bool:
        """Whether it has expired. Knox would read all others of the person here, and delete what has."""
        return auth_token.expired


def _reads(request: Request) -> bool:
    """Whether it changes nothing; a view may name further methods, as `reads`."""
    view = (request.parser_context or {}).get("view")
    return request.method in SAFE_METHODS or request.method in getattr(view, "reads", ())


def _note_use(token: ApiToken) -> None:
    now = timezone.now()
    if token.last_used_at is None or token.last_used_at < now - NOTED:
        old = Q(last_used_at=None) | Q(last_used_at__lt=now - NOTED)
        ApiToken.objects.filter(old, pk=token.pk).update(last_used_at=now)
