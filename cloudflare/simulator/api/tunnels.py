"""Tunnels: `/accounts/{account}/cfd_tunnel`."""

import base64
import binascii
import re
import secrets
from typing import Any

from cloudflare.simulator.api.envelope import Call, Refusal, Reply, invalid
from cloudflare.simulator.api.routing import route
from cloudflare.simulator.people import new_uuid
from cloudflare.simulator.state import Connector, Tunnel, World

ROOT = "/accounts/{account}/cfd_tunnel"
_SERVICE = re.compile(
    r"(https?|tcp|ssh|rdp|smb)://[^/\s]+(/\S*)?|unix(\+tls)?:/\S+|http_status:[1-5]\d\d|hello_world|bastion"
)
_HOST = re.compile(r"(\*\.)?([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


def _shown(tunnel: Tunnel) -> dict[str, Any]:
    return {
        "id": tunnel.id,
        "account_tag": tunnel.account,
        "name": tunnel.name,
        "created_at": tunnel.created_at,
        "deleted_at": tunnel.deleted_at,
        "status": tunnel.status,
        "conns_active_at": min((row.opened_at for row in tunnel.connectors.values()), default=None),
        "conns_inactive_at": None,
        "tun_type": "cfd_tunnel",
        "config_src": "cloudflare",
        "remote_config": True,
        "metadata": {},
        "connections": [],
    }


def _live(world: World, call: Call) -> Tunnel:
    tunnel = world.tunnels.get(call.ids["tunnel"])
    if tunnel is None or tunnel.deleted_at is not None:
        raise Refusal(404, 1000, "Tunnel not found")
    return tunnel


def _secret(text: str | None) -> str:
    """At least 32 bytes, in base64; Cloudflare makes one where none is given."""
    if text is None:
        return base64.b64encode(secrets.token_bytes(32)).decode()
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise invalid("tunnel_secret must be base64", "/tunnel_secret") from None
    if len(raw) < 32:
        raise invalid("tunnel_secret must hold at least 32 bytes", "/tunnel_secret")
    return text


def _name_free(world: World, name: str, own: str = "") -> None:
    if any(row.name == name and row.id != own for row in world.live_tunnels()):
        raise Refusal(409, 1013, "You already have a tunnel with this name. Please choose a different name.")


@route("GET", ROOT)
def list_tunnels(world: World, call: Call) -> Reply:
    query, deleted = call.query, call.flag("is_deleted")
    rows = [
        tunnel
        for tunnel in world.tunnels.values()
        if (deleted is None or (tunnel.deleted_at is not None) == deleted)
        and query.get("name", tunnel.name) == tunnel.name
        and query.get("uuid", tunnel.id) == tunnel.id
        and query.get("status", tunnel.status) == tunnel.status
        and tunnel.name.startswith(query.get("include_prefix", ""))
        and not (query.get("exclude_prefix") and tunnel.name.startswith(query["exclude_prefix"]))
    ]
    return call.page([_shown(tunnel) for tunnel in rows], default=100, most=1000)


@route("POST", ROOT)
def create_tunnel(world: World, call: Call) -> Reply:
    given = call.fields({"name": str, "config_src": str, "tunnel_secret": str}, required=["name"])
    if given.get("config_src", "local") not in {"local", "cloudflare"}:
        raise invalid("config_src is local or cloudflare", "/config_src")
    secret = _secret(given.get("tunnel_secret"))
    _name_free(world, given["name"])
    if sum(1 for _ in world.live_tunnels()) >= world.max_tunnels:
        raise Refusal(400, 1045, "You have reached the maximum number of tunnels for this account")
    tunnel = Tunnel(new_uuid(), world.account_id, given["name"], secret, world.stamp())
    world.tunnels[tunnel.id] = tunnel
    world.changed("tunnel", tunnel.id)
    return Reply({**_shown(tunnel), "token": tunnel.token, "credentials_file": _credentials(tunnel)})


def _credentials(tunnel: Tunnel) -> dict[str, str]:
    return {
        "AccountTag": tunnel.account,
        "TunnelID": tunnel.id,
        "TunnelName": tunnel.name,
        "TunnelSecret": tunnel.secret,
    }


@route("GET", ROOT + "/{tunnel}")
def get_tunnel(world: World, call: Call) -> Reply:
    tunnel = world.tunnels.get(call.ids["tunnel"])  # a deleted one is still shown
    if tunnel is None:
        raise Refusal(404, 1000, "Tunnel not found")
    return Reply(_shown(tunnel))


@route("PATCH", ROOT + "/{tunnel}")
def update_tunnel(world: World, call: Call) -> Reply:
    """A new secret shuts out new connections with the old token; running connectors stay."""
    tunnel = _live(world, call)
    given = call.fields({"name": str, "tunnel_secret": str})
    secret = _secret(given["tunnel_secret"]) if given.get("tunnel_secret") else tunnel.secret
    name = given.get("name") or tunnel.name
    _name_free(world, name, own=tunnel.id)
    tunnel.name, tunnel.secret = name, secret
    world.changed("tunnel", tunnel.id)
    return Reply({**_shown(tunnel), "token": tunnel.token})


@route("DELETE", ROOT + "/{tunnel}")
def delete_tunnel(world: World, call: Call) -> Reply:
    """A soft delete; the tunnel's DNS records stay."""
    tunnel = _live(world, call)
    if tunnel.connectors and not call.flag("cascade"):
        raise Refusal(400, 1022, "Cannot delete tunnel because it has active connections")
    tunnel.deleted_at = world.stamp()
    for connector in list(tunnel.connectors.values()):
        connector.drop()
    world.changed("tunnel", tunnel.id)
    return Reply(_shown(tunnel))


@route("GET", ROOT + "/{tunnel}/token")
def get_token(world: World, call: Call) -> Reply:
    return Reply(_live(world, call).token)


def _configuration(world: World, tunnel: Tunnel) -> dict[str, Any]:
    return {
        "account_id": tunnel.account,
        "tunnel_id": tunnel.id,
        "version": tunnel.version,
        "config": tunnel.config,
        "source": "cloudflare",
        "created_at": tunnel.created_at,
    }


@route("GET", ROOT + "/{tunnel}/configurations")
def get_configuration(world: World, call: Call) -> Reply:
    return Reply(_configuration(world, _live(world, call)))


@route("PUT", ROOT + "/{tunnel}/configurations")
def put_configuration(world: World, call: Call) -> Reply:
    """Replaces the whole document; connectors are told at once."""
    tunnel = _live(world, call)
    config = call.fields({"config": dict}, required=["config"])["config"]
    _check_ingress(config.get("ingress"))
    tunnel.config, tunnel.version = config, tunnel.version + 1
    world.changed("tunnel", tunnel.id)
    return Reply(_configuration(world, tunnel))


def _check_ingress(rules: Any) -> None:
    if not isinstance(rules, list) or not rules or not all(isinstance(rule, dict) for rule in rules):
        raise _bad_ingress("ingress must be a list of rules")
    for number, rule in enumerate(rules):
        service, host = rule.get("service"), rule.get("hostname") or ""
        if not isinstance(service, str) or not _SERVICE.fullmatch(service):
            raise _bad_ingress(f"rule #{number + 1}: the service is not valid")
        if not isinstance(host, str) or (host and not _HOST.fullmatch(host)):
            raise _bad_ingress(f"rule #{number + 1}: the hostname is not valid")
        if not isinstance(rule.get("originRequest", {}), dict):
            raise _bad_ingress(f"rule #{number + 1}: originRequest must be an object")
        if number + 1 < len(rules) and not host and not rule.get("path"):
            raise _bad_ingress(f"Rule #{number + 1} is matching all URLs, but it is not the last rule")
    if rules[-1].get("hostname") or rules[-1].get("path"):
        raise _bad_ingress(
            "The last ingress rule must match all URLs (i.e. it should not have a hostname or path filter)"
        )


def _bad_ingress(message: str) -> Refusal:
    return Refusal(400, 1056, f"Bad Configuration: {message}", "/config/ingress")


def _connector(connector: Connector) -> dict[str, Any]:
    return {
        "id": connector.id,
        "version": connector.version,
        "arch": "linux_amd64",
        "features": ["support_datagram_v2"],
        "run_at": connector.opened_at,
        "config_version": connector.config_version,
        "conns": [
            {
                "id": connector.id,
                "uuid": connector.id,
                "client_id": connector.id,
                "client_version": connector.version,
                "colo_name": "SIM",
                "opened_at": connector.opened_at,
                "origin_ip": connector.origin_ip,
                "is_pending_reconnect": False,
            }
        ],
    }


@route("GET", ROOT + "/{tunnel}/connections")
def list_connections(world: World, call: Call) -> Reply:
    return Reply([_connector(row) for row in _live(world, call).connectors.values()])


@route("DELETE", ROOT + "/{tunnel}/connections")
def drop_connections(world: World, call: Call) -> Reply:
    """Cuts them; a connector with a valid token comes back."""
    tunnel, only = _live(world, call), call.query.get("client_id")
    for connector in list(tunnel.connectors.values()):
        if only is None or connector.id == only:
            connector.drop()
    return Reply({})
