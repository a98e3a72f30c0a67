"""API tokens: made by somebody who is signed in or knows the password, and revoked by the same."""

import datetime

from django.conf import settings
from django.db import transaction

from tenants import audit, names
from tenants.events import Action
from tenants.models import ApiToken, Scope, User
from tenants.refusal import Refused
from tenants.words import gettext as _


def create(
    *,
    actor: User,
    name: str = "",
    scope: str = Scope.WRITE,
    expires_in_days: int | None = None,
    maker: ApiToken | None = None,
) -> tuple[ApiToken, str]:
    """The row and the token itself, which nobody sees again. None days: as long as `TOKEN_MAX_DAYS` lets it live.

    One that is made with another token, its `maker`, does not outlive that.
    Raises `Refused`: `token_lifetime`, `name_invalid`, `authentication_failed`.
    """
    longest = settings.TOKEN_MAX_DAYS
    with audit.refusals(Action.TOKEN_CREATE, actor=actor), transaction.atomic():
        _require_still(actor, maker)
        if longest and (expires_in_days or 0) > longest:
            raise Refused(
                "token_lifetime",
                _("A token lives %(longest)s days here at most; choose fewer.") % {"longest": longest},
                field="expires_in_days",
                limit=longest,
            )
        days = expires_in_days or longest
        row, secret = ApiToken.objects.create(
            user=actor,
            expiry=datetime.timedelta(days=days) if days else None,
            name=names.check(name, "name") if name else "",
            scope=scope,
            made_with=maker,
        )
        facts = {"token": row.token_key, "name": row.name, "scope": row.scope, "days": days}
        if maker:
            facts["made_with"] = maker.token_key
        if maker and maker.expiry and (row.expiry is None or row.expiry > maker.expiry):
            row.expiry = maker.expiry
            row.save(update_fields=["expiry"])
        audit.record(Action.TOKEN_CREATE, actor=actor, **facts)
    return row, secret


def _require_still(actor: User, maker: ApiToken | None) -> None:
    """Under the person's lock, which revoking and a new password take as well: what came in before that, by what counts
    no more, makes nothing that would.
    """
    now = User.objects.locked().get(pk=actor.pk)
    revoked = maker is not None and not ApiToken.objects.filter(pk=maker.pk).exists()
    if revoked or not now.is_active or now.password != actor.password:
        raise Refused(
            "authentication_failed",
            _("What you signed in with was revoked, or your password changed, at this moment. Sign in again."),
            status=401,
        )


def revoke(token: ApiToken, *, actor: User) -> None:
    """It opens nothing from now on, nor does what was made with it, however far on."""
    with transaction.atomic():
        User.objects.locked().get(pk=token.user_id)
        layer = [token.pk]
        while rows := list(ApiToken.objects.filter(pk__in=layer).select_related("user")):
            layer = list(ApiToken.objects.filter(made_with__in=rows).values_list("pk", flat=True))
            for row in rows:
                _end(row, actor)


def revoke_all(person: User, *, actor: User, keep: ApiToken | None = None) -> None:
    """All of the person's, each on record; stand in a transaction, under the person's lock. One may be spared."""
    for token in ApiToken.objects.filter(user=person).exclude(pk=keep.pk if keep else None).select_related("user"):
        _end(token, actor)


def _end(token: ApiToken, actor: User) -> None:
    """Its digest is its key, so what is put on record is its name for people."""
    audit.record(Action.TOKEN_REVOKE, actor=actor, token=token.token_key, name=token.name, of=token.user.email)
    token.delete()
