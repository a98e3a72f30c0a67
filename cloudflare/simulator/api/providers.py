"""Identity providers: what one can sign in by. `/accounts/{account}/access/identity_providers`."""

from typing import Any

from cloudflare.simulator.api.envelope import Call, Refusal, Reply
from cloudflare.simulator.api.policies import given, refused
from cloudflare.simulator.api.routing import route
from cloudflare.simulator.people import ONE_TIME_PIN, IdentityProvider, new_uuid
from cloudflare.simulator.state import World

ROOT = "/accounts/{account}/access/identity_providers"
MAX_PROVIDERS, MAX_NAME = 50, 350
REDACTED = "*" * 34
_KNOWN: dict[str, type | tuple[type, ...]] = {"name": str, "type": str, "config": dict, "scim_config": dict}
_OIDC: dict[str, type | tuple[type, ...]] = {
    "client_id": str,
    "client_secret": str,
    "auth_url": str,
    "token_url": str,
    "certs_url": str,
    "scopes": list,
    "claims": list,
    "email_claim_name": str,
    "pkce_enabled": bool,
}
_NEEDED = ("client_id", "client_secret", "auth_url", "token_url", "certs_url")


def redacted(fields: dict[str, Any]) -> dict[str, Any]:
    """As it comes back: nobody reads a secret again."""
    config = fields["config"]
    return {**fields, "config": {**config, "client_secret": REDACTED} if "client_secret" in config else config}


def _shown(provider: IdentityProvider) -> dict[str, Any]:
    return {"id": provider.id, "scim_config": {"enabled": False}, **redacted(provider.fields)}


def _get(world: World, call: Call) -> IdentityProvider:
    provider = world.providers.get(call.ids["provider"])
    if provider is None:
        raise Refusal(404, 12404, "access.api.error.not_found: identity provider not found")
    return provider


def _checked(call: Call) -> dict[str, Any]:
    fields = given(call.body, _KNOWN)
    for name in ("name", "type", "config"):
        if fields.get(name) in (None, ""):
            raise refused(f"identity provider {name} is required")
    if len(fields["name"]) > MAX_NAME:
        raise refused("name is too long")
    if fields["type"] == ONE_TIME_PIN:
        return {**fields, "config": {}}
    if fields["type"] != "oidc":
        raise refused("the simulator has identity providers of type onetimepin and oidc alone")
    config = given(fields["config"], _OIDC)
    for name in _NEEDED:
        if not config.get(name):
            raise refused(f"config.{name} is required")
    for name in ("scopes", "claims"):
        if not all(isinstance(item, str) for item in config.get(name) or []):
            raise refused(f"config.{name} must be strings")
    return {**fields, "config": config}


@route("GET", ROOT)
def list_providers(world: World, call: Call) -> Reply:
    scim = call.flag("scim_enabled")
    rows = [_shown(row) for row in world.providers.values()]
    return call.page(
        [row for row in rows if scim is None or bool(row["scim_config"].get("enabled")) == scim], default=50, most=1000
    )


@route("POST", ROOT)
def create_provider(world: World, call: Call) -> Reply:
    fields = _checked(call)
    if len(world.providers) >= MAX_PROVIDERS:
        raise refused("the maximum number of identity providers is reached: limit exceeded")
    provider = IdentityProvider(new_uuid(), fields)
    world.providers[provider.id] = provider
    world.changed("provider", provider.id)
    return Reply(_shown(provider), status=201)


@route("GET", ROOT + "/{provider}")
def get_provider(world: World, call: Call) -> Reply:
    return Reply(_shown(_get(world, call)))


@route("PUT", ROOT + "/{provider}")
def replace_provider(world: World, call: Call) -> Reply:
    """A full replacement: the secret has to be sent again."""
    provider, fields = _get(world, call), _checked(call)
    if fields["type"] != provider.type:
        raise refused("the type of an identity provider cannot change")
    provider.fields = fields
    world.changed("provider", provider.id)
    return Reply(_shown(provider))


@route("DELETE", ROOT + "/{provider}")
def delete_provider(world: World, call: Call) -> Reply:
    """Running sessions stay; nobody signs in by it any more."""
    provider = _get(world, call)
    del world.providers[provider.id]
    world.changed("provider", provider.id)
    return Reply({"id": provider.id}, status=202)
