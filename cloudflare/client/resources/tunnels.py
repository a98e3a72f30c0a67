"""Tunnels, their ingress and their connectors."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from cloudflare.client import errors
from cloudflare.client.resources.base import Resource
from cloudflare.client.types import ConnectorInfo, Ingress, Tunnel

CATCH_ALL = Ingress("http_status:404")


@dataclass(frozen=True, slots=True)
class Tunnels(Resource):
    """`/accounts/{account}/cfd_tunnel`"""

    def create(self, name: str, secret: str) -> Tunnel:
        """`secret`: base64 of at least 32 bytes; ours, so that the connector's token needs no second call."""
        body = {"name": name, "config_src": "cloudflare", "tunnel_secret": secret}
        return self._value(Tunnel.from_json, "POST", body=body)

    def find(self, name: str) -> Tunnel | None:
        """The living tunnel of that name; names are unique among the living."""
        return self._find(Tunnel.from_json, {"name": name, "is_deleted": "false"}, name=name)

    def get(self, tunnel_id: str) -> Tunnel:
        """Raises `NotFound` also for a deleted one, which Cloudflare keeps showing."""

        def living(raw: Any) -> Tunnel:
            if raw.get("deleted_at"):
                raise errors.NotFound(404, (), "the tunnel was deleted")
            return Tunnel.from_json(raw)

        return self._value(living, path=f"/{tunnel_id}")

    def all(self, include_prefix: str = "", *, per_page: int = 1000) -> Iterator[Tunnel]:
        params = {"is_deleted": "false"} | ({"include_prefix": include_prefix} if include_prefix else {})
        return self._pages(Tunnel.from_json, params, per_page)

    def rotate(self, tunnel_id: str, name: str, secret: str) -> None:
        """New connections need the new secret; running ones stay."""
        self._call("PATCH", f"/{tunnel_id}", body={"name": name, "tunnel_secret": secret})

    def delete(self, tunnel_id: str) -> None:
        """Raises `ActiveConnections` while connectors are on, or were a moment ago."""
        self._call("DELETE", f"/{tunnel_id}")

    def replace_ingress(self, tunnel_id: str, rules: Sequence[Ingress]) -> int:
        """Replace the whole list; Cloudflare has no call for one rule. The catch-all is appended. The new version."""
        ingress = [rule.to_json() for rule in (*rules, CATCH_ALL)]
        body = {"config": {"ingress": ingress}}
        return self._value(lambda raw: int(raw.get("version") or 0), "PUT", f"/{tunnel_id}/configurations", body=body)

    def ingress(self, tunnel_id: str) -> tuple[int, list[Ingress]]:
        """Version and rules, without the catch-all."""

        def parse(raw: Any) -> tuple[int, list[Ingress]]:
            rules = [Ingress.from_json(rule) for rule in (raw.get("config") or {}).get("ingress") or ()]
            return int(raw.get("version") or 0), [rule for rule in rules if rule.hostname]

        return self._value(lambda raw: parse(raw or {}), path=f"/{tunnel_id}/configurations")

    def connectors(self, tunnel_id: str) -> list[ConnectorInfo]:
        return self._value(
            lambda rows: [ConnectorInfo.from_json(row) for row in rows or ()], path=f"/{tunnel_id}/connections"
        )

    def drop_connections(self, tunnel_id: str, connector_id: str = "") -> None:
        """Cut one connector's connections, or everybody's; connectors with a valid token come back."""
        self._call(
            "DELETE",
            f"/{tunnel_id}/connections",
            params={"client_id": connector_id} if connector_id else None,
        )
