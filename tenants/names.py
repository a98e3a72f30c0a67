"""What people, tenants and their slugs may be called. Pure, but for `free`, which looks what is taken."""

import re
import unicodedata

from django.core.exceptions import ValidationError

from tenants.models import Tenant
from tenants.refusal import Refused

_RESERVED = """
admin api app auth autoconfig autodiscover cdn dashboard ftp imap localhost login mail ns pop root smtp static status
support vpn warren www
"""
RESERVED = frozenset(_RESERVED.split())  # of containers as well: each stands in a hostname
_NO_TENANT = "abuse account accounts help hostmaster new postmaster security switch webmaster"
_SLUGS = RESERVED.union(_NO_TENANT.split())
_SLUG_LENGTH = 20


def check(text: str, what: str, limit: int = 100) -> str:
    """A name as it will be stored: trimmed, one line, no address to click on in a mail. Raises `Refused`."""
    name = " ".join(text.split())
    unseen = any(unicodedata.category(letter)[0] == "C" for letter in name)
    if not name or len(name) > limit or unseen or "://" in name:
        raise Refused(
            "name_invalid",
            f"Use 1 to {limit} characters that can be seen, and no link.",
            field=what,
        )
    return name


def check_slug(slug: str) -> str:
    """Raises `Refused`: `slug_invalid` or `slug_reserved`."""
    try:
        for validator in Tenant._meta.get_field("slug").validators:
            validator(slug)
    except ValidationError:
        raise Refused(
            "slug_invalid", "Use 2 to 20 lower-case letters and digits, a letter first.", field="slug"
        ) from None
    if slug in _SLUGS:
        raise Refused("slug_reserved", f"The short name {slug} is reserved; choose another.", field="slug")
    return slug


def suggest(name: str) -> str:
    """A valid slug that resembles the name, whether it is taken or not."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]", "", plain).lstrip("0123456789")[:_SLUG_LENGTH]
    return slug if len(slug) > 1 else "team"


def free(name: str) -> str:
    """The suggestion, with a number behind it where it is reserved or taken."""
    stem, number = suggest(name), 1
    slug = stem
    while slug in _SLUGS or Tenant.objects.filter(slug=slug).exists():
        number += 1
        slug = f"{stem[: _SLUG_LENGTH - len(str(number))]}{number}"
    return slug
