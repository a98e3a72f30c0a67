"""Links in mail: absolute, and with a signed token that says what whoever holds it has proved."""

from typing import Any, TypeVar

from django.conf import settings
from django.contrib.auth.tokens import default_token_generator
from django.core import signing
from django.urls import reverse
from django.utils.encoding import force_str
from django.utils.http import urlsafe_base64_decode, urlsafe_base64_encode

from tenants.models import Invitation, User
from tenants.refusal import Refused
from tenants.words import gettext as _

T = TypeVar("T")

SIGN_UP_SECONDS = 24 * 3600
INVITATION_SECONDS = 7 * 24 * 3600
_SIGN_UP, _INVITATION = "tenants.sign-up", "tenants.invitation"


def absolute(name: str, *args: Any) -> str:
    """The page's address as people reach it; never taken from a request, whose `Host` anybody may write."""
    return f"{settings.PUBLIC_URL}{reverse(name, args=args)}"


def sign_up(email: str) -> str:
    return signing.dumps(email, salt=_SIGN_UP)


def signed_up(token: str) -> str:
    """The address that the token was sent to. Raises `Refused`: `link_expired` or `link_invalid`."""
    return _read(token, _SIGN_UP, SIGN_UP_SECONDS, str)


def invitation(row: Invitation) -> str:
    return signing.dumps(row.pk, salt=_INVITATION)


def invited(token: str) -> int:
    """The key of the invitation. Raises `Refused`: `link_expired` or `link_invalid`."""
    return _read(token, _INVITATION, INVITATION_SECONDS, int)


def _read(token: str, salt: str, seconds: int, kind: type[T]) -> T:
    try:
        found = signing.loads(token, salt=salt, max_age=seconds)
    except signing.SignatureExpired:
        raise Refused("link_expired", _("This link is too old; ask for a new one.")) from None
    except (signing.BadSignature, ValueError):
        raise _invalid() from None
    if not isinstance(found, kind):
        raise _invalid()
    return found


def password(person: User) -> str:
    """Good until the password or the last sign-in changes, for `PASSWORD_RESET_TIMEOUT` at most."""
    return f"{urlsafe_base64_encode(str(person.pk).encode())}.{default_token_generator.make_token(person)}"


def with_password_link(token: str) -> User:
    """Whom the token lets set a new password. Raises `Refused`: `link_invalid`."""
    key, _, rest = token.partition(".")
    try:
        person = User.objects.filter(pk=int(force_str(urlsafe_base64_decode(key))), is_active=True).first()
    except (ValueError, OverflowError):
        person = None
    if person is None or not default_token_generator.check_token(person, rest):
        raise _invalid()
    return person


def _invalid() -> Refused:
    return Refused("link_invalid", _("This link is not valid, or was used already; ask for a new one."))
