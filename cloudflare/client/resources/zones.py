"""Zones and their DNS records."""

from collections.abc import Iterator
from dataclasses import dataclass

from cloudflare.client.resources.base import Resource
from cloudflare.client.types import Record, RecordSpec


@dataclass(frozen=True, slots=True)
class Records(Resource):
    """`/zones/{zone}/dns_records`"""

    def create(self, spec: RecordSpec) -> Record:
        return Record.from_json(self._call("POST", body=spec.to_json()).result)

    def find(self, name: str) -> Record | None:
        rows = self._call("GET", params={"name.exact": name}).result or []
        return next((Record.from_json(row) for row in rows if row["name"] == name), None)

    def all(self, comment: str = "", *, per_page: int = 1000) -> Iterator[Record]:
        """All records, or those with just this comment."""
        params = {"comment.exact": comment} if comment else {}
        return (Record.from_json(row) for row in self._pages(params, per_page))

    def update(self, record_id: str, spec: RecordSpec) -> Record:
        return Record.from_json(self._call("PUT", f"/{record_id}", body=spec.to_json()).result)

    def delete(self, record_id: str) -> None:
        """Cloudflare's schema asks for a body, and for nothing in it."""
        self._call("DELETE", f"/{record_id}", body={})

    def usage(self) -> tuple[int, int | None]:
        """Records in the zone and how many there may be; None where Cloudflare tells no number."""
        raw = self._call("GET", "/usage").result
        quota = raw.get("record_quota")
        return int(raw["record_usage"]), None if quota is None else int(quota)


@dataclass(frozen=True, slots=True)
class Zone(Resource):
    """`/zones/{zone}`"""

    @property
    def records(self) -> Records:
        return Records(self.transport, self.priority, f"{self.root}/dns_records")

    def name(self) -> str:
        """The domain of the zone."""
        return str(self._call("GET").result["name"])
