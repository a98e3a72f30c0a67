"""Puts sign-ins and sign-outs on record."""

from typing import Any

from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.dispatch import receiver

from tenants import audit, viewing
from tenants.events import Action, Outcome
from tenants.models import User
from tenants.models.user import fold_email


def _how(sent: dict[str, Any]) -> dict[str, Any]:
    """By what, where it was not the person at the sign-in page: an app above says so on the request."""
    how = getattr(sent.get("request"), "signed_by", "")
    return {"how": how} if how else {}


@receiver(user_logged_in)
def signed_in(sender: Any, user: User, **kwargs: Any) -> None:
    audit.record(Action.SIGN_IN, actor=user, **_how(kwargs))


@receiver(user_logged_out)
def signed_out(sender: Any, user: User | None, **kwargs: Any) -> None:
    if user is not None:
        if getattr(kwargs.get("request"), "session", None) is not None:
            viewing.end(kwargs["request"], "sign-out", actor=user)
        audit.record(Action.SIGN_OUT, actor=user, **_how(kwargs))


@receiver(user_login_failed)
def sign_in_refused(sender: Any, credentials: dict[str, Any], **kwargs: Any) -> None:
    tried = str(credentials.get("username", ""))[:254]
    locked = getattr(kwargs.get("request"), "axes_locked_out", False)  # set before, where it was not even tried
    reason = "sign_in_locked" if locked else "credentials"
    known = User.objects.filter(email=fold_email(tried)).first()
    audit.record(Action.SIGN_IN, actor=None, target=known, outcome=Outcome.REFUSED, reason=reason, tried=tried)
