"""What a person may put into a container's environment, in plain or as a secret. Pure."""

import re
from collections.abc import Mapping

from tenants.refusal import Refused
from tenants.words import gettext as _

MAX_COUNT = 100
MAX_SIZE = 64 * 1024  # bytes of names and values together: well below what the kernel takes for one program
RESERVED = "WARREN_"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")

Changes = Mapping[str, str | None]  # by name; None takes the variable away


def merged(present: Mapping[str, str], changes: Changes) -> dict[str, str]:
    return {name: value for name, value in {**present, **changes}.items() if value is not None}


def check(plain: Mapping[str, str], secret: Mapping[str, str], known: set[str]) -> None:
    """Raises `Refused`; no message holds a value. `known` names were there before, and may be the template's own."""
    for field, values in (("environment", plain), ("secrets", secret)):
        for name, value in values.items():
            if name not in known:
                _check_name(name, field)
            if "\0" in value:
                words = _("The value of %(name)s holds a zero byte, which no program can read; take it out.")
                raise Refused("environment_invalid", words % {"name": name}, field=field)
    if twice := sorted(plain.keys() & secret.keys()):
        raise Refused(
            "environment_twice",
            _("%(twice)s is both a plain variable and a secret; take one of them away.") % {"twice": twice[0]},
            field="secrets",
        )
    if len(plain) + len(secret) > MAX_COUNT:
        raise Refused(
            "environment_count",
            _("A container takes %(max_count)s variables, secrets included; this would make %(plain)s. Take some away.")
            % {"max_count": MAX_COUNT, "plain": len(plain) + len(secret)},
            limit=MAX_COUNT,
            field="environment",
        )
    size = sum(len(f"{name}={value}".encode()) for values in (plain, secret) for name, value in values.items())
    if size > MAX_SIZE:
        raise Refused(
            "environment_size",
            _("All variables together take %(max_size)s KiB at most; this would make %(size)s KiB. Shorten some.")
            % {"max_size": MAX_SIZE // 1024, "size": -(-size // 1024)},
            limit=MAX_SIZE,
            field="environment",
        )


def _check_name(name: str, field: str) -> None:
    if not _NAME.fullmatch(name):
        raise Refused(
            "environment_name",
            _("A variable's name has letters, digits and underscores, no digit first, and 128 characters at most."),
            field=field,
        )
    if name.upper().startswith(RESERVED):
        raise Refused(
            "environment_name",
            _("Names that begin with %(reserved)s are Warren's own; choose another.") % {"reserved": RESERVED},
            field=field,
        )
