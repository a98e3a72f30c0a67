"""Addresses, and what is written to them, as people give them."""

import re
from collections.abc import Iterable

from tenants import names
from tenants.models.user import fold_email
from tenants.refusal import Refused
from tenants.words import gettext as _

MOST = 100  # in one request
LONGEST = 254  # RFC 5321
NOTE = 500
# The dot-atom form of RFC 5322 at a host name. What else the RFC allows (quotes, literals) Cloudflare may refuse, and
# with it the whole policy of the container.
_ADDRESS = re.compile(
    r"[a-z0-9!#$%&'*+/=?^_`{|}~-]{1,64}(\.[a-z0-9!#$%&'*+/=?^_`{|}~-]{1,64})*"
    r"@([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9][a-z0-9-]{0,61}[a-z0-9]"
)


def folded(emails: Iterable[str]) -> list[str]:
    """Each address once, folded, in the order given. Raises `Refused`: `email_invalid`, `too_many_addresses`."""
    found = list(dict.fromkeys(fold_email(email) for email in emails))
    if not found:
        raise Refused("email_invalid", _("Give at least one e-mail address."), field="email")
    if len(found) > MOST:
        raise Refused(
            "too_many_addresses",
            _("These are %(given)s addresses, and at most %(most)s go at once; share with the others afterwards.")
            % {"given": len(found), "most": MOST},
            field="email",
            limit=MOST,
        )
    for email in found:
        if not email.isascii():
            words = _(
                "%(email)s has letters that cannot be let in, such as ä or é; write its domain as xn--…, or ask for "
                "another address."
            )
            raise Refused("email_invalid", words % {"email": repr(email[:100])}, field="email")
        if len(email) > LONGEST or len(email.partition("@")[0]) > 64 or not _ADDRESS.fullmatch(email):
            words = _("%(email)s is not an e-mail address. Write it as name@example.com.")
            raise Refused("email_invalid", words % {"email": repr(email[:100])}, field="email")
    return found


def spellings(emails: Iterable[str]) -> set[str]:
    """As they would be stored, valid or not."""
    return {fold_email(email) for email in emails}


def note(text: str) -> str:
    """What the giver writes to the guest. Raises `note_invalid`: Warren mails nobody's links to strangers."""
    return names.check_mailed(text, "note", NOTE, "note_invalid") if text.strip() else ""
