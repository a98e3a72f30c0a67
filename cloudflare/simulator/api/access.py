"""Access applications with their policies, and the end of their tokens: `/accounts/{account}/access/apps`."""

import re
import secrets
from typing import Any

from cloudflare.simulator.api import policies
from cloudflare.simulator.api.envelope import Call, Refusal, Reply
from cloudflare.simulator.api.policies import refused
from cloudflare.simulator.api.routing import route
from cloudflare.simulator.people import new_uuid
from cloudflare.simulator.state import App, Policy, World

ROOT = "/accounts/{account}/access/apps"
MAX_DOMAIN, MAX_DESTINATIONS, MAX_NAME = 63, 5, 350
_HOST = re.compile(r"(?!.*\*.*\*)[a-z0-9*_-]+(\.[a-z0-9*_-]+)+(/\S*)?")
_KNOWN: dict[str, type | tuple[type, ...]] = {
    "type": str,
    "name": str,
    "domain": str,
    "destinations": list,
    "self_hosted_domains": list,
    "session_duration": str,
    "allowed_idps": list,
    "auto_redirect_to_identity": bool,
    "app_launcher_visible": bool,
    "http_only_cookie_attribute": bool,
    "same_site_cookie_attribute": str,
    "enable_binding_cookie": bool,
    "path_cookie_attribute": bool,
    "service_auth_401_redirect": bool,
    "skip_interstitial": bool,
    "options_preflight_bypass": bool,
    "cors_headers": dict,
    "custom_deny_message": str,
    "custom_deny_url": str,
    "custom_non_identity_deny_url": str,
    "custom_pages": list,
    "logo_url": str,
    "tags": list,
    "allow_authenticate_via_warp": bool,
    "allow_iframe": bool,
    "policies": list,
}


def _shown(app: App) -> dict[str, Any]:
    return {
        "id": app.id,
        "uid": app.id,
        "aud": app.aud,
        **app.fields,
        "policies": [policies.shown(policy) for policy in app.policies],
        "created_at": app.created_at,
        "updated_at": app.updated_at,
    }


def _get(world: World, call: Call) -> App:
    app = world.apps.get(call.ids["app"])
    if app is None:
        raise Refusal(404, 12404, "access.api.error.unknown_application: unable to find the application")
    return app


def _checked(call: Call) -> dict[str, Any]:
    fields = policies.given(call.body, _KNOWN)
    if fields.get("type") != "self_hosted":
        raise refused("the simulator has applications of type self_hosted alone")
    fields["name"] = fields.get("name") or fields.get("domain")
    if len(fields["name"] or "") > MAX_NAME:
        raise refused("name is too long")
    destinations = fields.get("destinations") or []
    if not all(isinstance(row, dict) and isinstance(row.get("uri"), str) for row in destinations):
        raise refused("destinations must be objects with a uri")
    if len(destinations) > MAX_DESTINATIONS:
        raise refused(f"an application has at most {MAX_DESTINATIONS} destinations")
    for uri in [fields.get("domain"), *(row["uri"] for row in destinations)]:
        if not uri or not _HOST.fullmatch(uri):
            raise refused("domain is not valid")
        if len(uri) > MAX_DOMAIN:
            raise refused(f"domain is longer than {MAX_DOMAIN} characters")
    policies.check_duration(fields.setdefault("session_duration", "24h"))
    if fields.get("same_site_cookie_attribute", "lax") not in {"none", "lax", "strict"}:
        raise refused("same_site_cookie_attribute is none, lax or strict")
    if not all(isinstance(row, str) for row in fields.get("allowed_idps") or []):
        raise refused("allowed_idps must be ids")
    if fields.get("auto_redirect_to_identity") and len(fields.get("allowed_idps") or []) != 1:
        raise refused("auto_redirect_to_identity needs exactly one allowed identity provider")
    if fields.get("options_preflight_bypass") and fields.get("cors_headers"):
        raise refused("options_preflight_bypass cannot be on with cors_headers")
    fields["destinations"] = destinations or [{"type": "public", "uri": fields["domain"]}]
    return {name: value for name, value in fields.items() if name != "policies"}


def _policies(world: World, raw: Any) -> list[Policy]:
    """Of an application's body: ids of reusable ones, links `{id, precedence}`, or policies of its own."""
    found: list[Policy] = []
    for number, row in enumerate(raw or [], 1):
        link = {"id": row} if isinstance(row, str) else row
        if isinstance(link, dict) and "id" in link and "decision" not in link:
            shared = policies.get(world, str(link["id"]))
            fields = {**shared.fields, "precedence": link.get("precedence") or number}
            found.append(Policy(shared.id, fields, shared.created_at, shared.updated_at))
        else:
            fields = policies.checked(row)
            found.append(policies.made(world, {**fields, "precedence": fields.get("precedence") or number}))
    _check_together(found)
    return sorted(found, key=lambda policy: policy.precedence)


def _check_providers(world: World, fields: dict[str, Any], rows: list[Policy]) -> None:
    """Nobody could sign in by what the account does not have."""
    rules = (rule for row in rows for part in policies.PARTS for rule in row.fields[part])
    named = {
        *(fields.get("allowed_idps") or ()),
        *(rule["login_method"]["id"] for rule in rules if "login_method" in rule),
    }
    if named - set(world.providers):
        raise refused("unknown identity provider")


def _check_together(rows: list[Policy]) -> None:
    if len({row.precedence for row in rows}) != len(rows):
        raise refused("policy precedences must be unique")
    rules = sum(len(row.fields[part]) for row in rows for part in policies.PARTS)
    if rules > policies.MAX_RULES:
        raise refused(f"an application has at most {policies.MAX_RULES} rules: limit exceeded")


@route("GET", ROOT)
def list_apps(world: World, call: Call) -> Reply:
    domain, exact = call.query.get("domain", ""), call.flag("exact")
    rows = [
        app
        for app in world.apps.values()
        if (app.domain == domain if exact and domain else domain in app.domain)
        and call.query.get("name", app.fields["name"]) == app.fields["name"]
        and call.query.get("aud", app.aud) == app.aud
        and call.query.get("search", "") in app.fields["name"] + app.domain
    ]
    return call.page([_shown(app) for app in rows], default=1000, most=1000)


@route("POST", ROOT)
def create_app(world: World, call: Call) -> Reply:
    fields = _checked(call)
    rows = _policies(world, (call.body or {}).get("policies"))
    _check_providers(world, fields, rows)
    if any(app.domain == fields["domain"] for app in world.apps.values()):
        raise Refusal(409, 11010, "access.api.error.application_already_exists")
    if len(world.apps) >= world.max_apps:
        raise refused("the maximum number of applications is reached: limit exceeded")
    app = App(new_uuid(), secrets.token_hex(32), fields, world.stamp(), world.stamp(), rows)
    world.apps[app.id] = app
    world.changed("app", app.id)
    return Reply(_shown(app), status=201)


@route("GET", ROOT + "/{app}")
def get_app(world: World, call: Call) -> Reply:
    return Reply(_shown(_get(world, call)))


@route("PUT", ROOT + "/{app}")
def replace_app(world: World, call: Call) -> Reply:
    """A full replacement: what is not sent is gone, policies too."""
    app, fields = _get(world, call), _checked(call)
    rows = _policies(world, call.body.get("policies"))
    _check_providers(world, fields, rows)
    if any(other.domain == fields["domain"] and other.id != app.id for other in world.apps.values()):
        raise Refusal(409, 11010, "access.api.error.application_already_exists")
    app.fields, app.policies, app.updated_at = fields, rows, world.stamp()
    world.changed("app", app.id)
    return Reply(_shown(app))


@route("DELETE", ROOT + "/{app}")
def delete_app(world: World, call: Call) -> Reply:
    app = _get(world, call)
    del world.apps[app.id]
    world.changed("app", app.id)
    return Reply({"id": app.id}, status=202)


@route("POST", ROOT + "/{app}/revoke_tokens")
def revoke_tokens(world: World, call: Call) -> Reply:
    """Everybody's sessions of this application."""
    app = _get(world, call)
    for session in world.sessions.values():
        session.revoked |= session.aud == app.aud
    world.changed("session", app.id)
    return Reply({}, status=202, bare=True)


@route("GET", ROOT + "/{app}/policies")
def list_app_policies(world: World, call: Call) -> Reply:
    return call.page([policies.shown(row) for row in _get(world, call).policies], default=50, most=1000)


@route("POST", ROOT + "/{app}/policies")
def create_app_policy(world: World, call: Call) -> Reply:
    app, fields = _get(world, call), policies.checked(call.body)
    last = max((row.precedence for row in app.policies), default=0)
    policy = policies.made(world, {**fields, "precedence": fields.get("precedence") or last + 1})
    return _with_policies(world, app, [*app.policies, policy], policy, status=201)


def _policy_of(app: App, call: Call) -> Policy:
    found = next((row for row in app.policies if row.id == call.ids["policy"]), None)
    if found is None:
        raise Refusal(404, 12404, "access.api.error.not_found: policy not found")
    return found


@route("GET", ROOT + "/{app}/policies/{policy}")
def get_app_policy(world: World, call: Call) -> Reply:
    return Reply(policies.shown(_policy_of(_get(world, call), call)))


@route("PUT", ROOT + "/{app}/policies/{policy}")
def replace_app_policy(world: World, call: Call) -> Reply:
    app = _get(world, call)
    old, fields = _policy_of(app, call), policies.checked(call.body)
    fields["precedence"] = fields.get("precedence") or old.precedence
    fresh = Policy(old.id, fields, old.created_at, world.stamp())
    return _with_policies(world, app, [fresh if row.id == old.id else row for row in app.policies], fresh)


@route("DELETE", ROOT + "/{app}/policies/{policy}")
def delete_app_policy(world: World, call: Call) -> Reply:
    app = _get(world, call)
    gone = _policy_of(app, call)
    _with_policies(world, app, [row for row in app.policies if row.id != gone.id], gone)
    return Reply({"id": gone.id}, status=202)


def _with_policies(world: World, app: App, rows: list[Policy], subject: Policy, status: int = 200) -> Reply:
    _check_together(rows)
    app.policies, app.updated_at = sorted(rows, key=lambda row: row.precedence), world.stamp()
    world.changed("app", app.id)
    return Reply(policies.shown(subject), status=status)
