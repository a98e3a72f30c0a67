"""Who is let in: an application's policies on a person. Pure."""

import ipaddress
from dataclasses import dataclass
from typing import Any

from cloudflare.simulator.state import App, Policy


@dataclass(frozen=True, slots=True)
class Visitor:
    """`email` empty: nobody has signed in."""

    email: str
    ip: str
    login_method: str = "onetimepin"


def bypassed(app: App, visitor: Visitor) -> bool:
    """Whether a bypass policy lets this visitor pass with no sign-in."""
    return any(policy.fields["decision"] == "bypass" and _applies(policy, visitor) for policy in app.policies)


def deciding(app: App, visitor: Visitor) -> Policy | None:
    """The first policy, by precedence, that applies; None means denied. It may itself deny."""
    for policy in app.policies:
        if policy.fields["decision"] in {"allow", "deny"} and _applies(policy, visitor):
            return policy
    return None


def _applies(policy: Policy, visitor: Visitor) -> bool:
    fields = policy.fields
    return (
        any(_matches(rule, visitor) for rule in fields["include"])
        and all(_matches(rule, visitor) for rule in fields.get("require") or [])
        and all(_matches(rule, visitor) is False for rule in fields.get("exclude") or [])
    )


def _matches(rule: dict[str, Any], visitor: Visitor) -> bool | None:
    """None for a kind of rule that the simulator cannot judge: it lets nobody in, and keeps everybody out."""
    match rule:
        case {"email": {"email": str(address)}}:
            return bool(visitor.email) and address.casefold() == visitor.email
        case {"email_domain": {"domain": str(domain)}}:
            return visitor.email.rpartition("@")[2] == domain.casefold()
        case {"everyone": _}:
            return True
        case {"login_method": {"id": str(id_)}}:
            return bool(visitor.email) and id_ == visitor.login_method
        case {"ip": {"ip": str(network)}}:
            try:
                return ipaddress.ip_address(visitor.ip) in ipaddress.ip_network(network, strict=False)
            except ValueError:
                return None
    return None
