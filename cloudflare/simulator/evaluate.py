"""Who is let in: an application's policies on a person. Pure.

A rule answers True, False, or None: of a kind, or with an id, that the simulator cannot judge. Such a rule lets nobody
in and keeps everybody out, also by way of the groups that hold it.
"""

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cloudflare.simulator.people import Group
from cloudflare.simulator.state import App, Policy


@dataclass(frozen=True, slots=True)
class Visitor:
    """`email` empty: nobody has signed in. `provider`: id of the one that they signed in by, which told `claims`."""

    email: str
    ip: str
    provider: str = ""
    claims: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Judge:
    """Judges by the account's groups as they are."""

    groups: Mapping[str, Group]

    def bypassed(self, app: App, visitor: Visitor) -> bool:
        """Whether a bypass policy lets this visitor pass with no sign-in."""
        return any(
            policy.fields["decision"] == "bypass" and self._verdict(policy.fields, visitor, frozenset())
            for policy in app.policies
        )

    def deciding(self, app: App, visitor: Visitor) -> Policy | None:
        """The first policy, by precedence, that applies; None means denied. It may itself deny: also if in doubt."""
        for policy in app.policies:
            verdict = self._verdict(policy.fields, visitor, frozenset())
            if (policy.fields["decision"] == "allow" and verdict) or (
                policy.fields["decision"] == "deny" and verdict is not False
            ):
                return policy
        return None

    def _verdict(self, fields: Mapping[str, Any], visitor: Visitor, inside: frozenset[str]) -> bool | None:
        """Of a policy, or of a group: one of include, all of require, none of exclude."""
        include, require, exclude = (
            [self._matches(rule, visitor, inside) for rule in fields.get(part) or []]
            for part in ("include", "require", "exclude")
        )
        return _all([_any(include), _all(require), _not(_any(exclude))])

    def _matches(self, rule: Mapping[str, Any], visitor: Visitor, inside: frozenset[str]) -> bool | None:
        match rule:
            case {"email": {"email": str(address)}}:
                return bool(visitor.email) and address.casefold() == visitor.email
            case {"email_domain": {"domain": str(domain)}}:
                return visitor.email.rpartition("@")[2] == domain.casefold()
            case {"everyone": _}:
                return True
            case {"login_method": {"id": str(id_)}}:
                return bool(visitor.email) and id_ == visitor.provider
            case {"oidc": {"identity_provider_id": str(id_), "claim_name": str(name), "claim_value": str(value)}}:
                return bool(visitor.email) and id_ == visitor.provider and value in _values(visitor.claims.get(name))
            case {"ip": {"ip": str(network)}}:
                try:
                    return ipaddress.ip_address(visitor.ip) in ipaddress.ip_network(network, strict=False)
                except ValueError:
                    return None
            case {"group": {"id": str(id_)}}:
                group = self.groups.get(id_)
                if group is None or id_ in inside:  # a group that holds itself says nothing
                    return None
                return self._verdict(group.fields, visitor, inside | {id_})
        return None


def _values(claim: Any) -> set[str]:
    """A claim's values, whole; an array's one by one. Objects have none."""
    items = claim if isinstance(claim, list) else [claim]
    texts = {
        str(item).lower() if isinstance(item, bool) else str(item) for item in items if isinstance(item, int | float)
    }
    return texts | {item for item in items if isinstance(item, str)}


def _any(answers: Iterable[bool | None]) -> bool | None:
    found = set(answers)
    return True if True in found else None if None in found else False


def _all(answers: Iterable[bool | None]) -> bool | None:
    found = set(answers)
    return False if False in found else None if None in found else True


def _not(answer: bool | None) -> bool | None:
    return None if answer is None else not answer
