"""What a container may be called, and the hostname that follows. Pure."""

import re

from tenants.names import RESERVED
from tenants.refusal import Refused
from tenants.words import gettext as _

_NAME = re.compile(r"[a-z](?:[a-z0-9-]*[a-z0-9])?")
MAX_HOSTNAME = 63  # Cloudflare Access takes no longer application domain
MAX_NAME = 40


def hostname(name: str, tenant_slug: str, domain: str) -> str:
    """`<name>-<tenant>.<domain>`: one label, because Universal SSL covers one level. Raises `Refused`.

    Tenant slugs have no hyphen, so the label can be read in one way only.
    """
    if not _NAME.fullmatch(name) or "--" in name:
        raise Refused(
            "name_invalid",
            _("Use lower-case letters, digits and single hyphens; begin with a letter, end with a letter or a digit."),
            field="name",
        )
    if name in RESERVED:
        raise Refused(
            "name_reserved", _("The name %(name)s is reserved; choose another.") % {"name": name}, field="name"
        )
    full = f"{name}-{tenant_slug}.{domain}"
    room = min(MAX_NAME, MAX_HOSTNAME - len(full) + len(name))
    if len(name) > room:
        raise Refused(
            "name_too_long",
            _("Use a name of %(room)s characters at most: %(full)s is longer than an address, or its name, can be.")
            % {"room": room, "full": full},
            field="name",
            limit=room,
        )
    return full
