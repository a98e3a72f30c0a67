"""Parameters of a socket's address. Each raises `ValueError` whose words, for people, name what is wrong."""

from collections.abc import Mapping

from monitoring.live import lines
from tenants.words import gettext as _


def number(asked: Mapping[str, str], name: str, usual: int, least: int, most: int) -> int:
    words = asked.get(name, str(usual))
    if words.isascii() and words.isdigit() and len(words) <= len(str(most)) and least <= int(words) <= most:
        return int(words)
    raise ValueError(
        _("%(name)s is a number from %(least)s to %(most)s, as in %(name)s=%(usual)s.")
        % {"name": name, "least": least, "most": most, "usual": usual}
    )


def truth(asked: Mapping[str, str], name: str, *, usual: bool) -> bool:
    words = asked.get(name, str(int(usual)))
    if words in {"0", "1"}:
        return words == "1"
    raise ValueError(_("%(name)s is 0 or 1, as in %(name)s=%(usual)s.") % {"name": name, "usual": int(usual)})


def moment(asked: Mapping[str, str], name: str) -> str:
    """With all its digits, as in a log; empty if it is not given."""
    words = asked.get(name, "")
    try:
        return lines.moment(words) if words else ""
    except ValueError:
        raise ValueError(
            _("%(name)s is a time in UTC with a Z at its end, as in %(name)s=2026-11-24T13:56:10.84Z.") % {"name": name}
        ) from None
