"""The Zero Trust organization, and the end of all sessions of a person: `/accounts/{account}/access/organizations`."""

import re
from typing import Any

from cloudflare.simulator.api.envelope import Call, Reply
from cloudflare.simulator.api.policies import given, refused
from cloudflare.simulator.api.routing import route
from cloudflare.simulator.state import World
from cloudflare.simulator.tokens import seconds

ROOT = "/accounts/{account}/access/organizations"
TEAM = ".cloudflareaccess.localhost"  # Cloudflare's own is `.cloudflareaccess.com`
_TEAM = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?" + re.escape(TEAM))
SHORTEST, LONGEST = 15 * 60, 31 * 24 * 3600  # seconds of a global session
_MADE = "2026-01-01T00:00:00Z"
_KNOWN: dict[str, type | tuple[type, ...]] = {
    "name": str,
    "auth_domain": str,
    "allow_authenticate_via_warp": bool,
    "auto_redirect_to_identity": bool,
    "custom_pages": dict,
    "is_ui_read_only": bool,
    "login_design": dict,
    "session_duration": str,
    "ui_read_only_toggle_reason": str,
    "user_seat_expiration_inactive_time": str,
    "warp_auth_session_duration": str,
}


def _shown(world: World) -> dict[str, Any]:
    return {
        "auth_domain": world.team_domain,
        "is_ui_read_only": False,
        "auto_redirect_to_identity": False,
        "created_at": _MADE,
        "updated_at": _MADE,
        **world.organization,
    }


@route("GET", ROOT)
def get_organization(world: World, call: Call) -> Reply:
    return Reply(_shown(world))


@route("PUT", ROOT)
def change_organization(world: World, call: Call) -> Reply:
    """What is not sent stays. Running sessions keep the length that they began with."""
    fields = {name: value for name, value in given(call.body, _KNOWN).items() if value is not None}
    if "name" in fields and not fields["name"]:
        raise refused("organization name must not be empty")
    if "session_duration" in fields and not SHORTEST <= seconds(fields["session_duration"]) <= LONGEST:
        raise refused("session_duration must be from 15 minutes to one month")
    domain = fields.pop("auth_domain", world.team_domain)
    if not _TEAM.fullmatch(domain):
        raise refused(f"auth_domain must be one label before {TEAM}")
    world.team_domain = domain
    world.organization = {**world.organization, **fields, "updated_at": world.stamp()}
    world.changed("organization", "")
    return Reply(_shown(world))


@route("POST", ROOT + "/revoke_user")
def revoke_user(world: World, call: Call) -> Reply:
    """All sessions of this person, the global one too. Their seat stays taken."""
    known = {"email": str, "user_uid": str, "devices": bool, "warp_session_reauth": bool}
    email = str(given(call.body, known, required=["email"])["email"]).casefold()
    for session in world.sessions.values():
        session.revoked |= session.email == email
    world.changed("session", email)
    return Reply(True, bare=True)
