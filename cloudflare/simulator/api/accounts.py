"""Tokens and zones: what exists once."""

from typing import Any

from cloudflare.simulator.api.envelope import Call, Reply
from cloudflare.simulator.api.routing import route
from cloudflare.simulator.state import World

_TOKEN_ID = "5a1e" * 8


@route("GET", "/user/tokens/verify")
def verify_token(world: World, call: Call) -> Reply:
    return Reply({"id": _TOKEN_ID, "status": "active"})


@route("GET", "/accounts/{account}/tokens/verify")
def verify_account_token(world: World, call: Call) -> Reply:
    return Reply({"id": _TOKEN_ID, "status": "active"})


def _zone(world: World) -> dict[str, Any]:
    return {
        "id": world.zone_id,
        "name": world.domain,
        "status": "active",
        "paused": False,
        "type": "full",
        "development_mode": 0,
        "name_servers": ["ada.ns.cloudflare.localhost", "bob.ns.cloudflare.localhost"],
        "original_name_servers": None,
        "original_registrar": None,
        "original_dnshost": None,
        "created_on": "2026-01-01T00:00:00Z",
        "modified_on": "2026-01-01T00:00:00Z",
        "activated_on": "2026-01-01T00:00:00Z",
        "account": {"id": world.account_id, "name": "Simulator"},
        "owner": {"id": world.account_id, "name": "Simulator", "type": "organization"},
        "meta": {},
        "plan": {"id": "0feeeeeeeeeeeeeeeeeeeeeeeeeeeeee", "name": "Free Website"},
    }


@route("GET", "/zones")
def list_zones(world: World, call: Call) -> Reply:
    wanted = call.query.get("name", world.domain), call.query.get("status", "active")
    return call.page([_zone(world)] if wanted == (world.domain, "active") else [], default=20, most=50)


@route("GET", "/zones/{zone}")
def get_zone(world: World, call: Call) -> Reply:
    return Reply(_zone(world))
