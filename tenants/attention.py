"""A port: what needs a look by staff, on the admin's first page. Every app registers what it knows of."""

import datetime
from collections.abc import Callable, Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Attention:
    """`detail` says what is being done about it, and what a person can do; `url` leads to it."""

    title: str
    detail: str
    since: datetime.datetime
    url: str


Find = Callable[[], Iterable[Attention]]
_finders: list[Find] = []


def register(find: Find) -> Find:
    _finders.append(find)
    return find


def items() -> list[Attention]:
    """Of all apps, what lasts longest first."""
    return sorted((item for find in _finders for item in find()), key=lambda item: item.since)
