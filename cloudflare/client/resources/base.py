"""What every part of Cloudflare's URL tree has in common."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from cloudflare.client import errors
from cloudflare.client.pacer import Priority
from cloudflare.client.transport import Answer, Transport

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Resource:
    transport: Transport
    priority: Priority
    root: str

    def _call(self, method: str, path: str = "", **more: Any) -> Answer:
        return self.transport.call(method, self.root + path, priority=self.priority, **more)

    def _value(self, parse: Callable[[Any], Value], method: str = "GET", path: str = "", **more: Any) -> Value:
        """The result of a call, read. Raises `Broken` where nothing can be read from it."""
        answer = self._call(method, path, **more)
        with shaped(creating=method == "POST"):
            return parse(answer.result)

    def _find(self, parse: Callable[[Any], Value], params: Mapping[str, Any], **wanted: str) -> Value | None:
        """The first row of a list that has just these fields, whatever else the filter let through."""

        def first(rows: Any) -> Value | None:
            return next((parse(row) for row in rows or () if wanted.items() <= row.items()), None)

        return self._value(first, params=params)

    def _pages(self, parse: Callable[[Any], Value], params: Mapping[str, Any], per_page: int) -> Iterator[Value]:
        """All rows of a list: as many as there are in all, or, where that is not said, until there are no more.

        A page that is shorter than was asked for need not be the last one: Cloudflare does not say for every list how
        long a page can be, and who takes a part for the whole finds the rest missing.
        """
        page = seen = 0
        before: list[Value] = []
        while True:
            page += 1
            answer = self._call("GET", params={**params, "page": page, "per_page": per_page})
            with shaped():
                rows = [parse(row) for row in answer.result or ()]
                total = answer.info.get("total_count")
                total = None if total is None else int(total)
            if not rows or rows == before:  # some lists know no pages, and answer each with all that there is
                return
            yield from rows
            seen, before = seen + len(rows), rows
            if total is not None and seen >= total:
                return


@contextmanager
def shaped(what: str = "an answer of another shape than Cloudflare's", *, creating: bool = False) -> Iterator[None]:
    """Raises `Broken` for what is read in the block and is not there, or is something else."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError):
        raise errors.Broken(200, (), what, ambiguous=creating) from None
