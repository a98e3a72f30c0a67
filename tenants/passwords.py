"""Passwords: what one must be like, changing it, and setting a new one with a link from a mail."""

from django.contrib.auth import authenticate
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest
from django.utils import translation

from tenants import audit, lockout, tokens
from tenants.events import Action
from tenants.mail import limits, links, outbox
from tenants.models import ApiToken, MailKind, User
from tenants.models.user import fold_email
from tenants.refusal import Refused
from tenants.words import gettext as _

MAX_LENGTH = 1024  # hashing a longer one is work that somebody else would pay for


def verify(request: HttpRequest, email: str, password: str) -> User | None:
    """Whose address and password these are. A wrong one is counted and put on record, here as at the sign-in."""
    person = authenticate(request, username=fold_email(email), password=password)
    return person if isinstance(person, User) else None


def check(password: str, person: User) -> None:
    """Raises `Refused` (`password_weak`) with all that is wrong."""
    try:
        if len(password) > MAX_LENGTH:
            raise ValidationError(
                _("This password is longer than %(max_length)s characters; choose a shorter one.")
                % {"max_length": MAX_LENGTH}
            )
        validate_password(password, person)
    except ValidationError as exc:
        raise Refused("password_weak", " ".join(exc.messages), field="password") from None


def ask(email: str) -> None:
    """Mail a link to whoever has an account with this address; nobody learns here whether somebody has.

    Whether there is one is looked up only when the mail is sent, so that both cases take the same time.
    Raises `Refused`: `mail_limit`, `mail_off`.
    """
    email = fold_email(email)
    with audit.refusals(Action.PASSWORD_ASK, actor=None), transaction.atomic():
        limits.admit(email)
        mail = outbox.post(MailKind.PASSWORD_RESET, email, language=translation.get_language() or "")
        audit.record(Action.PASSWORD_ASK, actor=None, mail=mail.pk)


def reset(token: str, password: str) -> User:
    """Set the password with a link's token: once. All sessions end, and all API tokens are revoked.

    Raises `Refused`: `link_invalid`, `password_weak`.
    """
    with audit.refusals(Action.PASSWORD_RESET, actor=None), transaction.atomic():
        pk = links.with_password_link(token).pk
        User.objects.locked().get(pk=pk)
        person = links.with_password_link(token)  # two at once: the second finds the link used
        check(password, person)
        person.set_password(password)
        person.save(update_fields=["password"])
        tokens.revoke_all(person, actor=person)
        lockout.forgive(person.email)
        audit.record(Action.PASSWORD_RESET, actor=person, target=person)
    return person


def change(person: User, current: str, password: str, *, request: HttpRequest, keep: ApiToken | None = None) -> User:
    """Set the password of somebody who knows the present one. All other sessions end; the caller keeps this one.

    API tokens are revoked, but for `keep`: the one that the change is made with.

    Raises `Refused`: `password_wrong`, `password_weak`.
    """
    with audit.refusals(Action.PASSWORD_CHANGE, actor=person, target=person):
        wrong = Refused(
            "password_wrong",
            _("This is not your present password, and nothing was changed. Try again, or sign out and reset it."),
            field="current_password",
        )
        known = verify(request, person.email, current)
        if known is None:
            raise wrong
        check(password, person)
        with transaction.atomic():
            row = User.objects.locked().get(pk=person.pk)
            if row.password != known.password:  # somebody set another meanwhile, who may have had to
                raise wrong
            row.set_password(password)
            row.save(update_fields=["password"])
            tokens.revoke_all(row, actor=row, keep=keep)
            audit.record(Action.PASSWORD_CHANGE, actor=row, target=row)
    return row
