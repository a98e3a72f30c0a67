"""API tokens: made by somebody who is signed in or knows the password, and revoked by the same."""

import datetime

from django.conf import settings
from django.db import transaction

from tenants import audit, names
from tenants.events import Action
from tenants.models import ApiToken, Scope, User
from tenants.refusal import Refused


def create(
    *, actor: User, name: str = "", scope: str = Scope.WRITE, expires_in_days: int | None = None
) -> tuple[ApiToken, str]:
    """The row and the token itself, which nobody sees again. None days: as long as `TOKEN_MAX_DAYS` lets it live.

    Raises `Refused`: `token_lifetime`, `name_invalid`.
    """
    longest = settings.TOKEN_MAX_DAYS
    with audit.refusals(Action.TOKEN_CREATE, actor=actor), transaction.atomic():
        if longest and (expires_in_days or 0) > longest:
            raise Refused(
                "token_lifetime", f"A token may live {longest} days here.", field="expires_in_days", limit=longest
            )
        days = expires_in_days or longest
        row, secret = ApiToken.objects.create(
            user=actor,
            expiry=datetime.timedelta(days=days) if days else None,
            name=names.check(name, "name") if name else "",
            scope=scope,
        )
        facts = {"token": row.token_key, "name": row.name, "scope": row.scope, "days": days}
        audit.record(Action.TOKEN_CREATE, actor=actor, **facts)
    return row, secret


def revoke(token: ApiToken, *, actor: User) -> None:
    """It opens nothing from now on. Its digest is its key, so what is put on record is its name for people."""
    with transaction.atomic():
        audit.record(Action.TOKEN_REVOKE, actor=actor, token=token.token_key, name=token.name, of=token.user.email)
        token.delete()
