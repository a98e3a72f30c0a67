"""Zones and their DNS records."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from cloudflare.client.resources.base import Resource
from cloudflare.client.types import Record, RecordSpec


@dataclass(frozen=True, slots=True)
class Records(Resource):
    """`/zones/{zone}/dns_records`"""

    def create(self, spec: RecordSpec) -> Record:
        return self._value(Record.from_json, "POST", body=spec.to_json())

    def find(self, name: str) -> Record | None:
        return self._find(Record.from_json, {"name.exact": name}, name=name)

    def all(self, comment: str = "", *, per_page: int = 1000) -> Iterator[Record]:
        """All records, or those with just this comment."""
        params = {"comment.exact": comment} if comment else {}
        return self._pages(Record.from_json, params, per_page)

    def update(self, record_id: str, spec: RecordSpec) -> Record:
        return self._value(Record.from_json, "PUT", f"/{record_id}", body=spec.to_json())

    def delete(self, record_id: str) -> None:
        """Cloudflare's schema asks for a body, and for nothing in it."""
        self._call("DELETE", f"/{record_id}", body={})

    def usage(self) -> tuple[int, int | None]:
        """Records in the zone and how many there may be; None where Cloudflare tells no number."""

        def parse(raw: Any) -> tuple[int, int | None]:
            quota = raw.get("record_quota")
            return int(raw["record_usage"]), None if quota is None else int(quota)

        return self._value(parse, path="/usage")


@dataclass(frozen=True, slots=True)
class Zone(Resource):
    """`/zones/{zone}`"""

    @property
    def records(self) -> Records:
        return Records(self.transport, self.priority, f"{self.root}/dns_records")

    def name(self) -> str:
        """The domain of the zone."""
        return self._value(lambda raw: str(raw["name"]))
