"""What people, tenants and their slugs may be called. Pure, but for `free`, which looks what is taken."""

import re
import string
import unicodedata

from django.core.exceptions import ValidationError
from django.utils.crypto import get_random_string

from tenants.models import Tenant
from tenants.refusal import Refused
from tenants.words import gettext as _

_RESERVED = """
admin api app auth autoconfig autodiscover cdn dashboard ftp imap localhost login mail ns pop root smtp static status
support vpn warren www
"""
RESERVED = frozenset(_RESERVED.split())  # of containers as well: each stands in a hostname
_NO_TENANT = "abuse account accounts help hostmaster new postmaster security switch webmaster"
_SLUGS = RESERVED.union(_NO_TENANT.split())
_SLUG_LENGTH = 20
_LINKED = re.compile(r"(?i)@|://|\bwww\.|\w[.\u3002]\w")


def check(text: str, field: str, limit: int = 100, code: str = "name_invalid") -> str:
    """A name as it will be stored: trimmed, one line. Raises `Refused` for the form's `field`."""
    name = " ".join(text.split())
    unseen = any(unicodedata.category(letter)[0] == "C" for letter in name)
    if not name or len(name) > limit or unseen:
        raise Refused(code, _("Use 1 to %(limit)s characters that can be seen.") % {"limit": limit}, field=field)
    return name


def check_mailed(text: str, field: str, limit: int = 100, code: str = "name_invalid") -> str:
    """The same for one that stands in mail: nothing in it that a mail program would make a link of."""
    name = check(text, field, limit, code)
    if _LINKED.search(unicodedata.normalize("NFKC", name)):
        words = _("This goes into mail, so it must hold no address: no “@”, “://” or “www.”, no dot between letters.")
        raise Refused(code, words, field=field)
    return name


def check_slug(slug: str) -> str:
    """Raises `Refused`: `slug_invalid` or `slug_reserved`."""
    try:
        for validator in Tenant._meta.get_field("slug").validators:
            validator(slug)
    except ValidationError:
        raise Refused(
            "slug_invalid", _("Use 2 to 20 lower-case letters and digits, a letter first."), field="slug"
        ) from None
    if slug in _SLUGS:
        raise Refused(
            "slug_reserved", _("The short name %(slug)s is reserved; choose another.") % {"slug": slug}, field="slug"
        )
    return slug


def suggest(name: str) -> str:
    """A valid slug that resembles the name, whether it is taken or not."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]", "", plain).lstrip("0123456789")[:_SLUG_LENGTH]
    return slug if len(slug) > 1 else "team"


def free(name: str) -> str:
    """The suggestion, with a 2 or else a random end where it is reserved or taken; somebody may still be faster."""
    stem = slug = suggest(name)
    end = "2"
    while slug in _SLUGS or Tenant.objects.filter(slug=slug).exists():
        slug = f"{stem[: _SLUG_LENGTH - len(end)]}{end}"
        end = get_random_string(5, string.ascii_lowercase + string.digits)
    return slug
