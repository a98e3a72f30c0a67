"""Values that go to Cloudflare (`…Spec`, `Ingress`) and values that come back. Fields as in Cloudflare's schema."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from cloudflare.client.rules import Rule, parse


@dataclass(frozen=True, slots=True)
class TokenStatus:
    id: str
    status: str

    @property
    def active(self) -> bool:
        return self.status == "active"


@dataclass(frozen=True, slots=True)
class Tunnel:
    """`status`: inactive (never run), healthy, degraded, down."""

    id: str
    name: str
    status: str

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        return cls(raw["id"], raw["name"], raw.get("status") or "inactive")


@dataclass(frozen=True, slots=True)
class ConnectorInfo:
    """A connector as the edge sees it; `connections` counts those that are not waiting to reconnect."""

    id: str
    config_version: int
    connections: int

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        live = [conn for conn in raw.get("conns") or [] if not conn.get("is_pending_reconnect")]
        return cls(raw["id"], int(raw.get("config_version") or 0), len(live))


@dataclass(frozen=True, slots=True)
class Ingress:
    """A rule of a tunnel's ingress; without hostname it is the catch-all."""

    service: str
    hostname: str = ""

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        return cls(raw["service"], raw.get("hostname") or "")

    def to_json(self) -> dict[str, Any]:
        return {"hostname": self.hostname, "service": self.service} if self.hostname else {"service": self.service}


@dataclass(frozen=True, slots=True)
class RecordSpec:
    """`ttl` 1 is automatic, the only value that a proxied record can have."""

    type: str
    name: str
    content: str
    proxied: bool
    comment: str = ""
    ttl: int = 1

    def to_json(self) -> dict[str, Any]:
        return {
            "type": self.type,
            "name": self.name,
            "content": self.content,
            "proxied": self.proxied,
            "comment": self.comment,
            "ttl": self.ttl,
        }


@dataclass(frozen=True, slots=True)
class Record:
    id: str
    type: str
    name: str
    content: str
    proxied: bool
    comment: str

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        return cls(
            raw["id"],
            raw["type"],
            raw["name"],
            raw.get("content") or "",
            bool(raw.get("proxied")),
            raw.get("comment") or "",
        )


@dataclass(frozen=True, slots=True)
class PolicySpec:
    name: str
    decision: str
    include: tuple[Rule, ...]
    require: tuple[Rule, ...] = ()
    exclude: tuple[Rule, ...] = ()
    precedence: int = 1
    session_duration: str = ""  # counts before the application's; not named, it is Cloudflare's default and not that

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        include, require, exclude = (
            tuple(parse(rule) for rule in raw.get(key) or []) for key in ("include", "require", "exclude")
        )
        return cls(
            raw.get("name") or "",
            raw.get("decision") or "",
            include,
            require,
            exclude,
            raw.get("precedence") or 0,
            raw.get("session_duration") or "",
        )

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "decision": self.decision,
            "include": [rule.to_json() for rule in self.include],
            "require": [rule.to_json() for rule in self.require],
            "exclude": [rule.to_json() for rule in self.exclude],
            "precedence": self.precedence,
            **({"session_duration": self.session_duration} if self.session_duration else {}),
        }


@dataclass(frozen=True, slots=True)
class App:
    id: str
    aud: str
    name: str
    domain: str
    session_duration: str
    allowed_idps: tuple[str, ...]
    policies: tuple[PolicySpec, ...]
    via_warp: bool | None = None  # whether a device's session lets in as well; None: as the organization says
    hosts: tuple[str, ...] = ()  # what it stands over: at Cloudflare destinations count before the domain
    skips_preflight: bool = False  # whether requests of the method OPTIONS pass without a look at who sends them

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        destinations = raw.get("destinations") or [{"uri": raw.get("domain") or ""}]
        return cls(
            raw["id"],
            raw.get("aud") or "",
            raw.get("name") or "",
            raw.get("domain") or "",
            raw.get("session_duration") or "24h",
            tuple(raw.get("allowed_idps") or ()),
            tuple(PolicySpec.from_json(policy) for policy in raw.get("policies") or []),
            raw.get("allow_authenticate_via_warp"),
            tuple(row.get("uri") or repr(row) for row in destinations),
            bool(raw.get("options_preflight_bypass")),
        )

    @property
    def as_written(self) -> bool:
        """Whether it stands over its own name alone, and before every request: a `Spec` has no words for others."""
        return self.hosts == (self.domain,) and not self.skips_preflight


@dataclass(frozen=True, slots=True)
class AppSpec:
    """A self-hosted application over one hostname, with its policies inline. Written whole, never patched.

    `allowed_idps`: ids of the identity providers that one can sign in by; none named means all of the account's.
    """

    name: str
    hostname: str
    session_duration: str = "24h"
    policies: tuple[PolicySpec, ...] = ()
    allowed_idps: tuple[str, ...] = ()

    @classmethod
    def of(cls, app: App) -> Self:
        """What would have to be written to have the application as it was seen."""
        return cls(app.name, app.domain, app.session_duration, app.policies, app.allowed_idps)

    def to_json(self) -> dict[str, Any]:
        return {
            "type": "self_hosted",
            "name": self.name,
            "domain": self.hostname,
            "destinations": [{"type": "public", "uri": self.hostname}],
            "session_duration": self.session_duration,
            "app_launcher_visible": False,
            "http_only_cookie_attribute": True,
            "same_site_cookie_attribute": "lax",
            "policies": [policy.to_json() for policy in self.policies],
            **({"allowed_idps": list(self.allowed_idps)} if self.allowed_idps else {}),
        }

    def differences(self, seen: App) -> list[str]:
        """In words, where the application is not what was to be written; empty when it is.

        The order of rules means nothing at Cloudflare, the order of policies does.
        """
        found = [
            f"{what} is {theirs!r}, not {ours!r}"
            for what, ours, theirs in (
                ("the name", self.name, seen.name),
                ("the domain", self.hostname, seen.domain),
                ("the session duration", self.session_duration, seen.session_duration),
                ("the list of login methods", sorted(self.allowed_idps), sorted(seen.allowed_idps)),
            )
            if ours != theirs
        ]
        if seen.hosts != (self.hostname,):
            found.append(f"it stands over {', '.join(seen.hosts)}, not {self.hostname}")
        if seen.skips_preflight:
            found.append("requests of the method OPTIONS pass without signing in")
        ours, theirs = [_comparable(p) for p in self.policies], [_comparable(p) for p in seen.policies]
        if len(ours) != len(theirs):
            found.append(f"it has {len(theirs)} policies, not {len(ours)}")
        for number, policy in enumerate(seen.policies, 1):
            if policy.session_duration not in {"", self.session_duration}:
                found.append(f"policy {number}: sessions last {policy.session_duration}, not {self.session_duration}")
        for number, (mine, other) in enumerate(zip(ours, theirs, strict=False), 1):
            found += [f"policy {number}: {what} differs" for what, value in mine.items() if other[what] != value]
        return found


def _comparable(policy: PolicySpec) -> dict[str, Any]:
    return {
        "the decision": policy.decision,
        "include": frozenset(policy.include),
        "require": frozenset(policy.require),
        "exclude": frozenset(policy.exclude),
    }
