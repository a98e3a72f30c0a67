"""A form of settings that somebody was faster than: what they changed, and what of it this form would undo.

A form holds everything, also what nobody touched in it. So it brings along what stood in it when it was opened, and
three are compared: that, what stands there now, and what was typed.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.crypto import salted_hmac

from containers.models import Container
from tenants import figures
from tenants.models.plan import MIB
from tenants.words import gettext as _

FIELDS = ("label", "port", "memory", "cpu", "environment", "secrets", "resets_connections")  # as the form has them
NAMED = ("environment", "secrets")  # those that hold values by name; of the others the name is empty
TYPED = object()  # a secret's new value: whatever it was and is, this one is another

Key = tuple[str, str]  # a field, and the name in it
Facts = Mapping[Key, Any]  # as the form has them: MiB, thousandths of a core; what is not in here is not there


@dataclass(frozen=True, slots=True)
class Difference:
    """One setting that somebody else changed. None: not there."""

    key: Key
    before: Any
    now: Any
    mine: Any

    @property
    def clashes(self) -> bool:
        """Whether saving would undo it; otherwise nobody touched it in this form."""
        return bool(self.mine != self.before)


def facts(container: Container, shown: Mapping[str, str]) -> dict[Key, Any]:
    """What the form shows of it; `shown` is its environment. Of a secret only whether it is the same can be seen."""
    found: dict[Key, Any] = {
        ("label", ""): container.label,
        ("port", ""): container.port,
        ("memory", ""): container.memory // MIB,
        ("cpu", ""): container.cpu,
        ("resets_connections", ""): container.resets_connections,
    }
    found |= {("environment", name): value for name, value in shown.items()}
    return found | {
        ("secrets", name): salted_hmac("containers.overtaken", f"{container.pk}:{name}:{value}").hexdigest()[:16]
        for name, value in container.secret_values.items()
    }


def write(seen: Facts) -> str:
    """For a hidden field."""
    return json.dumps([[field, name, value] for (field, name), value in seen.items()])


def read(text: str) -> dict[Key, Any]:
    """Nothing of what nobody's form would send."""
    try:
        found = [(str(field), str(name), value) for field, name, value in json.loads(text)]
    except (ValueError, TypeError):
        return {}
    return {(field, name): value for field, name, value in found if field in FIELDS and bool(name) == (field in NAMED)}


def compare(before: Facts, now: Facts, mine: Facts) -> list[Difference]:
    """What others changed, but for what was typed just so; in the order of the form."""
    keys = sorted(dict.fromkeys([*now, *before]), key=lambda key: FIELDS.index(key[0]))
    found = [Difference(key, before.get(key), now.get(key), mine.get(key)) for key in keys]
    return [each for each in found if each.now not in (each.before, each.mine)]


def merged(mine: Mapping[str, str], differences: Iterable[Difference]) -> dict[str, str]:
    """The environment as it was typed, with what others did to what was not touched in it."""
    theirs = {each.key[1]: each.now for each in differences if each.key[0] == "environment" and not each.clashes}
    return {name: value for name, value in {**mine, **theirs}.items() if value is not None}


def told(difference: Difference) -> dict[str, str]:
    """`before`, `now` and `mine`, as people read them. No value of a secret."""
    field, _name = difference.key
    if field == "secrets":
        return _told_secret(difference)
    words = {name: _said(field, getattr(difference, name)) for name in ("before", "now", "mine")}
    return words | ({} if difference.clashes else {"mine": ""})


def _told_secret(difference: Difference) -> dict[str, str]:
    there, missing = _("set"), _("not set")
    now = missing if difference.now is None else _("set to another value") if difference.before else there
    mine = _("taken away") if difference.mine is None else _("a new value")
    return {
        "before": there if difference.before else missing,
        "now": now,
        "mine": mine if difference.clashes else "",
    }


def _said(field: str, value: Any) -> str:
    match field, value:
        case _, None:
            return _("not set")
        case _, "":
            return _("empty")
        case "memory", _:
            return f"{value} MiB"
        case "cpu", int():
            return figures.cores(value)
        case "resets_connections", _:
            return _("yes") if value else _("no")
    return str(value)
