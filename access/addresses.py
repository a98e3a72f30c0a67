"""Addresses, and what is written to them, as people give them."""

from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from tenants import names
from tenants.models.user import fold_email
from tenants.refusal import Refused

MOST = 100  # in one request
LONGEST = 254  # RFC 5321
NOTE = 500


def folded(emails: Iterable[str]) -> list[str]:
    """Each address once, folded, in the order given. Raises `Refused`: `email_invalid`, `too_many_addresses`."""
    found = list(dict.fromkeys(fold_email(email) for email in emails))
    if not found:
        raise Refused("email_invalid", "Give at least one e-mail address.", field="email")
    if len(found) > MOST:
        raise Refused("too_many_addresses", f"Give at most {MOST} addresses at once.", field="email", limit=MOST)
    for email in found:
        try:
            validate_email(email)
        except ValidationError:
            raise _invalid(email) from None
        if len(email) > LONGEST:
            raise _invalid(email)
    return found


def note(text: str) -> str:
    """What the giver writes to the guest. Raises `note_invalid`: Warren mails nobody's links to strangers."""
    return names.check_mailed(text, "note", NOTE, "note_invalid") if text.strip() else ""


def _invalid(email: str) -> Refused:
    return Refused("email_invalid", f"{email[:100]!r} is not an e-mail address.", field="email")
