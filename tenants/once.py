"""What several parts of a page ask: the answer is kept with the request, and so asked for once."""

from collections.abc import Callable, Hashable
from typing import TypeVar

from django.http import HttpRequest

Answer = TypeVar("Answer")


def once(request: HttpRequest, key: Hashable, ask: Callable[[], Answer]) -> Answer:
    """What `ask` says the first time. For what is shown: whoever changes something asks afresh, under its lock."""
    kept: dict[Hashable, Answer] = vars(request).setdefault("asked_once", {})
    if key not in kept:
        kept[key] = ask()
    return kept[key]
