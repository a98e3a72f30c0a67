"""What every part of Cloudflare's URL tree has in common."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cloudflare.client.pacer import Priority
from cloudflare.client.transport import Answer, Transport


@dataclass(frozen=True, slots=True)
class Resource:
    transport: Transport
    priority: Priority
    root: str

    def _call(self, method: str, path: str = "", **more: Any) -> Answer:
        return self.transport.call(method, self.root + path, priority=self.priority, **more)

    def _pages(self, params: Mapping[str, Any], per_page: int) -> Iterator[Any]:
        """All rows of a list: as many as there are in all, or, where that is not said, until there are no more.

        A page that is shorter than was asked for need not be the last one: Cloudflare does not say for every list how
        long a page can be, and who takes a part for the whole finds the rest missing.
        """
        page = seen = 0
        before: list[Any] = []
        while True:
            page += 1
            answer = self._call("GET", params={**params, "page": page, "per_page": per_page})
            rows = answer.result or []
            total = answer.info.get("total_count")
            if not rows or rows == before:  # some lists know no pages, and answer each with all that there is
                return
            yield from rows
            seen, before = seen + len(rows), rows
            if total is not None and seen >= total:
                return
