"""One class per part of Cloudflare's URL tree; values in, values out."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cloudflare.client import errors
from cloudflare.client.pacer import Priority
from cloudflare.client.transport import Answer, Transport
from cloudflare.client.types import App, AppSpec, ConnectorInfo, Ingress, Record, RecordSpec, Tunnel

CATCH_ALL = Ingress("http_status:404")


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


@dataclass(frozen=True, slots=True)
class Tunnels(Resource):
    """`/accounts/{account}/cfd_tunnel`"""

    def create(self, name: str, secret: str) -> Tunnel:
        """`secret`: base64 of at least 32 bytes; ours, so that the connector's token needs no second call."""
        body = {"name": name, "config_src": "cloudflare", "tunnel_secret": secret}
        return Tunnel.from_json(self._call("POST", body=body).result)

    def find(self, name: str) -> Tunnel | None:
        """The living tunnel of that name; names are unique among the living."""
        rows = self._call("GET", params={"name": name, "is_deleted": "false"}).result or []
        return next((Tunnel.from_json(row) for row in rows if row["name"] == name), None)

    def get(self, tunnel_id: str) -> Tunnel:
        """Raises `NotFound` also for a deleted one, which Cloudflare keeps showing."""
        raw = self._call("GET", f"/{tunnel_id}").result
        if raw.get("deleted_at"):
            raise errors.NotFound(404, (), "the tunnel was deleted")
        return Tunnel.from_json(raw)

    def all(self, include_prefix: str = "", *, per_page: int = 1000) -> Iterator[Tunnel]:
        params = {"is_deleted": "false"} | ({"include_prefix": include_prefix} if include_prefix else {})
        return (Tunnel.from_json(row) for row in self._pages(params, per_page))

    def rotate(self, tunnel_id: str, name: str, secret: str) -> None:
        """New connections need the new secret; running ones stay."""
        self._call("PATCH", f"/{tunnel_id}", body={"name": name, "tunnel_secret": secret})

    def delete(self, tunnel_id: str) -> None:
        """Raises `ActiveConnections` while connectors are on, or were a moment ago."""
        self._call("DELETE", f"/{tunnel_id}")

    def replace_ingress(self, tunnel_id: str, rules: Sequence[Ingress]) -> int:
        """Replace the whole list; Cloudflare has no call for one rule. The catch-all is appended. The new version."""
        ingress = [rule.to_json() for rule in (*rules, CATCH_ALL)]
        answer = self._call("PUT", f"/{tunnel_id}/configurations", body={"config": {"ingress": ingress}})
        return int(answer.result.get("version") or 0)

    def ingress(self, tunnel_id: str) -> tuple[int, list[Ingress]]:
        """Version and rules, without the catch-all."""
        raw = self._call("GET", f"/{tunnel_id}/configurations").result or {}
        rules = [Ingress.from_json(rule) for rule in (raw.get("config") or {}).get("ingress") or []]
        return int(raw.get("version") or 0), [rule for rule in rules if rule.hostname]

    def connectors(self, tunnel_id: str) -> list[ConnectorInfo]:
        return [ConnectorInfo.from_json(row) for row in self._call("GET", f"/{tunnel_id}/connections").result or []]

    def drop_connections(self, tunnel_id: str, connector_id: str = "") -> None:
        """Cut one connector's connections, or everybody's; connectors with a valid token come back."""
        self._call(
            "DELETE",
            f"/{tunnel_id}/connections",
            params={"client_id": connector_id} if connector_id else None,
        )


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
class Apps(Resource):
    """`/accounts/{account}/access/apps`"""

    def create(self, spec: AppSpec) -> App:
        return App.from_json(self._call("POST", body=spec.to_json()).result)

    def find(self, hostname: str) -> App | None:
        """The application over exactly this hostname."""
        rows = self._call("GET", params={"domain": hostname, "exact": "true"}).result or []
        return next((App.from_json(row) for row in rows if row.get("domain") == hostname), None)

    def find_by_aud(self, aud: str) -> App | None:
        """The application whose assertions carry this audience."""
        rows = self._call("GET", params={"aud": aud}).result or []
        return next((App.from_json(row) for row in rows if row.get("aud") == aud), None)

    def get(self, app_id: str) -> App:
        return App.from_json(self._call("GET", f"/{app_id}").result)

    def all(self, *, per_page: int = 1000) -> Iterator[App]:
        return (App.from_json(row) for row in self._pages({}, per_page))

    def replace(self, app_id: str, spec: AppSpec) -> App:
        return App.from_json(self._call("PUT", f"/{app_id}", body=spec.to_json()).result)

    def delete(self, app_id: str) -> None:
        self._call("DELETE", f"/{app_id}")

    def revoke_tokens(self, app_id: str) -> None:
        """End every session of this application; whom its policies still let in signs in again."""
        self._call("POST", f"/{app_id}/revoke_tokens")


@dataclass(frozen=True, slots=True)
class Organization(Resource):
    """`/accounts/{account}/access/organizations`"""

    def revoke_user(self, email: str) -> None:
        """End every session of this person, in all applications of the account."""
        self._call("POST", "/revoke_user", body={"email": email})


@dataclass(frozen=True, slots=True)
class Zone(Resource):
    """`/zones/{zone}`"""

    @property
    def records(self) -> Records:
        return Records(self.transport, self.priority, f"{self.root}/dns_records")

    def name(self) -> str:
        """The domain of the zone."""
        return str(self._call("GET").result["name"])
