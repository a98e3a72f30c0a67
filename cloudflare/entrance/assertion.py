"""Reads a `Cf-Access-Jwt-Assertion`: whom Access vouches for, or nobody. Pure, but for the clock."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from cloudflare.entrance.door import Door
from tenants.models.user import fold_email

ALGORITHM = "RS256"  # the one that Access signs with: what the token itself says about that is not asked
LEEWAY = 10.0  # seconds by which clocks may differ
MAX_LENGTH = 8192  # a cookie holds the same token, and has room for half of this
MAX_EMAIL = 254


class NotVouched(Exception):
    """The assertion counts for nothing. The reason is for the log, and holds nothing of the token."""


class UnknownKey(NotVouched):
    """It says that it is signed by a key that nobody has read yet, or any more."""


@dataclass(frozen=True, slots=True)
class Vouched:
    """A folded address that Access has proved to be the visitor's, when it said so, and until when that counts."""

    email: str
    issued_at: datetime
    expires_at: datetime


def read(token: str, door: Door, key: Callable[[str], RSAPublicKey | None]) -> Vouched:
    """`key` finds a key by its id. Raises `NotVouched`, and nothing else whatever the token holds."""
    if len(token) > MAX_LENGTH:
        raise NotVouched("it is too long")
    try:
        header = jwt.get_unverified_header(token)
        kid = header.get("kid")
        if header.get("alg") != ALGORITHM or not isinstance(kid, str):
            raise NotVouched("it names another algorithm, or no key")
        public = key(kid)
        if public is None:
            raise UnknownKey("its key is not known")
        claims = jwt.decode(
            token,
            public,
            algorithms=[ALGORITHM],
            audience=door.audience,
            issuer=door.issuer,
            leeway=LEEWAY,
            options={"require": ["exp", "iat", "aud", "iss"]},
        )
        if claims.get("type") != "app":
            raise NotVouched("it is not for an application")
        issued, expires = (datetime.fromtimestamp(int(claims[name]), UTC) for name in ("iat", "exp"))
        return Vouched(_email(claims.get("email")), issued, expires)
    except jwt.PyJWTError as exc:
        raise NotVouched(type(exc).__name__) from None
    except (ValueError, TypeError, OverflowError, OSError) as exc:  # numbers and texts that are none
        raise NotVouched(type(exc).__name__) from None


def _email(claim: object) -> str:
    """Nothing but ASCII: folded, another letter may turn into one of somebody else's: a long s into an s.

    A service token has no address, and so is nobody here.
    """
    if not isinstance(claim, str) or not claim.isascii() or len(claim) > MAX_EMAIL:
        raise NotVouched("it names no address")
    try:
        validate_email(claim)
    except ValidationError:
        raise NotVouched("it names no address") from None
    return fold_email(claim)
