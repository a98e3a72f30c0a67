"""Access policies: what a valid one is, and the reusable ones at `/accounts/{account}/access/policies`."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from cloudflare.simulator.api.envelope import Call, Refusal, Reply
from cloudflare.simulator.api.routing import route
from cloudflare.simulator.people import new_uuid
from cloudflare.simulator.state import Policy, World

ROOT = "/accounts/{account}/access/policies"
MAX_RULES = 1000
PARTS = ("include", "require", "exclude")
_DURATION = re.compile(r"(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+")
DECISIONS = {"allow", "deny", "non_identity", "bypass"}
# Every kind of rule that Cloudflare knows, with the fields that its one value must have.
RULES: dict[str, dict[str, type]] = {
    "email": {"email": str},
    "email_domain": {"domain": str},
    "email_list": {"id": str},
    "everyone": {},
    "group": {"id": str},
    "login_method": {"id": str},
    "ip": {"ip": str},
    "ip_list": {"id": str},
    "oidc": {"identity_provider_id": str, "claim_name": str, "claim_value": str},
    "saml": {"identity_provider_id": str, "attribute_name": str, "attribute_value": str},
    "service_token": {"token_id": str},
    "any_valid_service_token": {},
    "external_evaluation": {"evaluate_url": str, "keys_url": str},
    "geo": {"country_code": str},
    "certificate": {},
    "common_name": {"common_name": str},
    "auth_method": {"auth_method": str},
    "device_posture": {"integration_uid": str},
    "azureAD": {"id": str, "identity_provider_id": str},
    "okta": {"name": str, "identity_provider_id": str},
    "github-organization": {"name": str, "identity_provider_id": str},
    "gsuite": {"email": str, "identity_provider_id": str},
    "auth_context": {"id": str, "ac_id": str, "identity_provider_id": str},
    "linked_app_token": {"app_uid": str},
    "user_risk_score": {"user_risk_score": list},
}
KNOWN: dict[str, type | tuple[type, ...]] = {
    "name": str,
    "decision": str,
    "include": list,
    "require": list,
    "exclude": list,
    "precedence": int,
    "session_duration": str,
    "approval_required": bool,
    "approval_groups": list,
    "purpose_justification_required": bool,
    "purpose_justification_prompt": str,
    "isolation_required": bool,
}


def refused(message: str) -> Refusal:
    """Access's one validation error; the text has the reason."""
    return Refusal(400, 12130, f"access.api.error.invalid_request: {message}")


def given(raw: Any, known: Mapping[str, type | tuple[type, ...]], required: Sequence[str] = ()) -> dict[str, Any]:
    """The known fields of a body, or of a part of one; what is wrong with them is said in Access's way."""
    try:
        return Call({}, raw).fields(known, required)
    except Refusal as exc:
        raise refused(str(exc)) from None


def checked(raw: Any) -> dict[str, Any]:
    """The fields of a policy, or the refusal that Cloudflare answers."""
    fields = given(raw, KNOWN)
    if not fields.get("name"):
        raise refused("policy name is required")
    if fields.get("decision") not in DECISIONS:
        raise refused("policy decision must be allow, deny, non_identity or bypass")
    # Left out it is not the application's, before which it counts, but the schema's own default.
    fields["session_duration"] = fields.get("session_duration") or "24h"
    check_duration(fields["session_duration"])
    return with_rules(fields, "policy")


def check_duration(text: str) -> None:
    if text != "immediate" and not _DURATION.fullmatch(text):
        raise refused("session_duration is not a duration")


def with_rules(fields: dict[str, Any], what: str) -> dict[str, Any]:
    """All three parts there, each rule valid."""
    if not fields.get("include"):
        raise refused(f"{what} include must have at least one rule")
    for part in PARTS:
        fields[part] = fields.get(part) or []
        for rule in fields[part]:
            _check_rule(rule)
    return fields


def _check_rule(rule: Any) -> None:
    if not isinstance(rule, dict) or len(rule) != 1:
        raise refused("a rule must be an object with exactly one key")
    ((kind, value),) = rule.items()
    if kind not in RULES:
        raise refused(f"unknown rule type {kind!r}")
    if not isinstance(value, dict):
        raise refused(f"the value of {kind} must be an object")
    for name, type_ in RULES[kind].items():
        if not isinstance(value.get(name), type_) or not value[name]:
            raise refused(f"{kind}.{name} is missing or has the wrong type")
    if kind == "email" and ("@" not in value["email"] or " " in value["email"]):
        raise refused("email.email is not an e-mail address")


def shown(policy: Policy) -> dict[str, Any]:
    return {
        "id": policy.id,
        **policy.fields,
        "created_at": policy.created_at,
        "updated_at": policy.updated_at,
    }


def made(world: World, fields: dict[str, Any]) -> Policy:
    return Policy(new_uuid(), fields, world.stamp(), world.stamp())


def get(world: World, key: str) -> Policy:
    policy = world.policies.get(key)
    if policy is None:
        raise Refusal(404, 12404, "access.api.error.not_found: policy not found")
    return policy


def _reusable(world: World, policy: Policy) -> dict[str, Any]:
    used = sum(any(row.id == policy.id for row in app.policies) for app in world.apps.values())
    fields = shown(policy)
    fields.pop("precedence", None)
    return {**fields, "reusable": True, "app_count": used}


@route("GET", ROOT)
def list_policies(world: World, call: Call) -> Reply:
    return call.page([_reusable(world, row) for row in world.policies.values()], default=50, most=1000)


@route("POST", ROOT)
def create_policy(world: World, call: Call) -> Reply:
    policy = made(world, checked(call.body))
    world.policies[policy.id] = policy
    world.changed("policy", policy.id)
    return Reply(_reusable(world, policy), status=201)


@route("GET", ROOT + "/{policy}")
def get_policy(world: World, call: Call) -> Reply:
    return Reply(_reusable(world, get(world, call.ids["policy"])))


@route("PUT", ROOT + "/{policy}")
def replace_policy(world: World, call: Call) -> Reply:
    policy = get(world, call.ids["policy"])
    policy.fields, policy.updated_at = checked(call.body), world.stamp()
    for app in world.apps.values():
        for row in app.policies:
            if row.id == policy.id:
                row.fields = {**policy.fields, "precedence": row.precedence}
    world.changed("app", policy.id)
    return Reply(_reusable(world, policy))


@route("DELETE", ROOT + "/{policy}")
def delete_policy(world: World, call: Call) -> Reply:
    policy = get(world, call.ids["policy"])
    if any(row.id == policy.id for app in world.apps.values() for row in app.policies):
        raise Refusal(409, 12131, "access.api.error.conflict: policy is in use")
    del world.policies[policy.id]
    world.changed("policy", policy.id)
    return Reply({"id": policy.id}, status=202)
