"""What stands on record, in the words of people: the same on every page, in the console and in what filters offer.

Each app says what its own actions are called, in its module `deeds`, which is loaded at the start. An action is called
as what was asked for, because it may have been refused.
"""

import datetime
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils import formats
from django.utils.translation import gettext as _
from django_stubs_ext import StrOrPromise

from tenants import figures
from tenants.events import Action

if TYPE_CHECKING:
    from tenants.models import AuditEvent


def plain(value: Any) -> str:
    """As people write it; empty for what says nothing."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list):
        return ", ".join(plain(each) for each in value)
    if isinstance(value, dict):
        return "; ".join(f"{key}: {plain(each)}" for key, each in value.items())
    return formats.number_format(value, force_grouping=True) if isinstance(value, int | float) else str(value)


def moment(value: Any) -> str:
    """A time that is kept as text, to the minute in the reader's zone; what somebody typed, as they did."""
    try:
        at = datetime.datetime.fromisoformat(str(value))
    except ValueError:
        return plain(value)
    return figures.moment(at) if at.tzinfo else plain(value)


def one_of(words: Mapping[str, Any]) -> Callable[[Any], str]:
    """For a key that holds one of these words, or several of them; what is none of them stays as it is."""

    def worded(value: Any) -> str:
        return ", ".join(worded(each) for each in value) if isinstance(value, list) else str(words.get(value, value))

    return worded


@dataclass(frozen=True, slots=True)
class Fact:
    """What an action can have in its detail, under one key: what that is called, and how its value is written.

    A value that is written as nothing is not shown. `apart`: in a line of its own, for sentences.
    """

    label: StrOrPromise
    worded: Callable[[Any], str] = plain
    apart: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    label: str
    text: str
    apart: bool


_Group = tuple[StrOrPromise, Mapping[Action, StrOrPromise]]
_groups: dict[int, _Group] = {}  # by their place
_words: dict[str, StrOrPromise] = {}
_facts: dict[str, Fact] = {}
_own: dict[tuple[str, str], Fact] = {}
_order: list[str] = []  # of keys


def name(place: int, group: StrOrPromise, actions: Mapping[Action, StrOrPromise]) -> None:
    """What these actions are called. Filters offer them as one group, those of smaller `place`s first."""
    if place in _groups or set(actions) & set(_words):
        raise ValueError(f"{group}: its place is taken, or some of its actions have words already")
    _groups[place] = (group, actions)
    _words.update({action.value: said for action, said in actions.items()})


def know(facts: Mapping[str, Fact], *actions: Action) -> None:
    """What stands in details under these keys; with `actions`, in theirs alone.

    Shown in this order, and before what was made known earlier: an app's own before what all of them have.
    """
    keys: set[Any] = {(action, key) for action in actions for key in facts} if actions else set(facts)
    if keys & (set(_own) | set(_facts)):
        raise ValueError(f"some of these are known already: {keys}")
    if actions:
        _own.update({(action, key): fact for action in actions for key, fact in facts.items()})
    else:
        _facts.update(facts)
    _order[:0] = [key for key in facts if key not in _order]


def words(action: str) -> str:
    """The verb itself, where there are no words for it."""
    return str(_words.get(action, action))


def choices() -> list[tuple[Any, Any]]:
    """For a field that chooses an action, in groups."""
    return [(group, list(actions.items())) for _place, (group, actions) in sorted(_groups.items())]


def called(text: str) -> list[str]:
    """The actions that have this in their words, in the language at hand."""
    return [action for action, said in _words.items() if text.casefold() in str(said).casefold()]


def knows(action: str, key: str) -> bool:
    return (action, key) in _own or key in _facts


def told(row: "AuditEvent") -> list[Told]:
    """Its detail for people: always in the same order, sentences last."""
    places = {key: place for place, key in enumerate(_order)}
    keys = sorted(row.detail, key=lambda key: places.get(key, len(places)))
    found = [_told(row.action, key, row.detail[key]) for key in keys]
    return sorted((one for one in found if one.text), key=lambda one: one.apart)


def each(facts: Mapping[str, Any]) -> str:
    """Several facts as the value of one, such as what a record was searched by."""
    found = [_told("", key, value) for key, value in facts.items()]
    return "; ".join(f"{one.label}: {one.text}" for one in found if one.text)


def _told(action: str, key: str, value: Any) -> Told:
    fact = _own.get((action, key)) or _facts.get(key) or Fact(key.replace("_", " ").capitalize())
    try:
        text = fact.worded(value)
    except (AttributeError, TypeError, ValueError):  # of another shape, as an earlier release may have kept it
        text = plain(value)
    return Told(str(fact.label), text, fact.apart)
