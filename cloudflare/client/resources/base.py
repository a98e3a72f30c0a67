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
        """All rows of a list; ends at a short page, or when as many rows as there are in all were seen."""
        page = seen = 0
        while True:
            page += 1
            answer = self._call("GET", params={**params, "page": page, "per_page": per_page})
            rows = answer.result or []
            yield from rows
            seen += len(rows)
            if len(rows) < per_page or seen >= answer.info.get("total_count", float("inf")):
                return
