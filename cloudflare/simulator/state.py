"""Everything that exists at the simulated Cloudflare. Plain values; whoever changes them calls `World.changed`."""

import base64
import json
import secrets
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from cloudflare.simulator.people import Group, IdentityProvider, Session, User, one_time_pin


@dataclass(slots=True)
class Connector:
    """A connector that is signed in just now; never persisted."""

    id: str
    version: str
    opened_at: str
    origin_ip: str
    config_version: int = 0
    drop: Callable[[], None] = lambda: None


@dataclass(slots=True)
class Tunnel:
    id: str
    account: str
    name: str
    secret: str
    created_at: str
    deleted_at: str | None = None
    config: dict[str, Any] | None = None
    version: int = 0
    ever_connected: bool = False
    connectors: dict[str, Connector] = field(default_factory=dict)

    @property
    def token(self) -> str:
        facts = {"a": self.account, "t": self.id, "s": self.secret}
        return base64.b64encode(json.dumps(facts).encode()).decode()

    @property
    def status(self) -> str:
        if self.connectors:
            return "healthy"
        return "down" if self.ever_connected else "inactive"

    @property
    def ingress(self) -> list[dict[str, Any]]:
        return (self.config or {}).get("ingress") or []

    def service_for(self, host: str) -> str | None:
        """The service of the first rule that matches; None without a configuration."""
        return next((rule["service"] for rule in self.ingress if matches(rule.get("hostname") or "*", host)), None)


@dataclass(slots=True)
class Record:
    id: str
    zone: str
    fields: dict[str, Any]
    created_on: str
    modified_on: str

    @property
    def name(self) -> str:
        return str(self.fields["name"])

    @property
    def tunnel_id(self) -> str:
        """Of the tunnel that a proxied record leads to; empty for any other record."""
        target = str(self.fields.get("content", ""))
        leads = self.fields["type"] == "CNAME" and self.fields.get("proxied") and target.endswith(".cfargotunnel.com")
        return target.removesuffix(".cfargotunnel.com") if leads else ""


@dataclass(slots=True)
class Policy:
    id: str
    fields: dict[str, Any]
    created_at: str
    updated_at: str

    @property
    def precedence(self) -> int:
        return int(self.fields.get("precedence") or 0)


@dataclass(slots=True)
class App:
    id: str
    aud: str
    fields: dict[str, Any]
    created_at: str
    updated_at: str
    policies: list[Policy] = field(default_factory=list)

    @property
    def domain(self) -> str:
        return str(self.fields["domain"])

    @property
    def hosts(self) -> list[str]:
        """Host patterns that the application stands over: its destinations, else its domain.

        The simulated edge knows whole hosts alone: an application over a path protects nothing here.
        """
        uris = [row["uri"] for row in self.fields.get("destinations") or [] if row.get("type", "public") == "public"]
        return [host for host, _, path in (uri.partition("/") for uri in uris or [self.domain]) if not path]


def matches(pattern: str, host: str) -> bool:
    """Exact, or one `*` that stands for at least one character within the label it is in."""
    if "*" not in pattern:
        return pattern == host
    before, _, after = pattern.partition("*")
    if pattern == "*":
        return True
    middle = host[len(before) : len(host) - len(after)]
    return (
        host.startswith(before) and host.endswith(after) and len(host) > len(before) + len(after) and "." not in middle
    )


def new_id() -> str:
    return secrets.token_hex(16)


@dataclass
class World:
    """One account with one zone. `clock_offset` lets tests move time."""

    account_id: str
    zone_id: str
    domain: str
    token: str
    team_domain: str = "warren.cloudflareaccess.localhost"
    record_quota: int = 200
    max_apps: int = 500
    max_tunnels: int = 1000
    max_seats: int = 50
    max_page: int = 5_000_000  # rows in a page of any list
    log_retention: float = 24 * 3600.0  # seconds for which the access log can be asked
    organization: dict[str, Any] = field(default_factory=lambda: {"name": "Simulator", "session_duration": "24h"})
    tunnels: dict[str, Tunnel] = field(default_factory=dict)
    records: dict[str, Record] = field(default_factory=dict)
    apps: dict[str, App] = field(default_factory=dict)
    policies: dict[str, Policy] = field(default_factory=dict)  # reusable ones
    providers: dict[str, IdentityProvider] = field(default_factory=lambda: {(own := one_time_pin()).id: own})
    groups: dict[str, Group] = field(default_factory=dict)
    users: dict[str, User] = field(default_factory=dict)
    sessions: dict[str, Session] = field(default_factory=dict)
    signing_keys: list[str] = field(default_factory=list)  # PEM, the newest first
    access_log: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=5000))
    violations: list[dict[str, Any]] = field(default_factory=list)
    mails: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=200))
    clock_offset: float = 0.0
    listeners: list[Callable[[str, str], None]] = field(default_factory=list)

    def now(self) -> float:
        return time.time() + self.clock_offset

    def stamp(self) -> str:
        return datetime.fromtimestamp(self.now(), UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")

    def changed(self, kind: str, key: str) -> None:
        """Call after every change; listeners save, check, and tell connectors."""
        for listener in self.listeners:
            listener(kind, key)

    def live_tunnels(self) -> Iterator[Tunnel]:
        return (tunnel for tunnel in self.tunnels.values() if tunnel.deleted_at is None)

    def record_for(self, host: str) -> Record | None:
        found = [row for row in self.records.values() if row.tunnel_id and matches(row.name, host)]
        return max(found, key=lambda row: specificity(row.name), default=None)

    def app_for(self, host: str) -> App | None:
        """The most specific application that stands over the host; a more specific one inherits nothing."""
        found = [
            (specificity(pattern), app) for app in self.apps.values() for pattern in app.hosts if matches(pattern, host)
        ]
        return max(found, key=lambda row: row[0])[1] if found else None

    def routable(self) -> set[str]:
        """Names that lead to a container: a proxied record to a living tunnel whose ingress holds the name."""
        found = set()
        for record in self.records.values():
            tunnel = self.tunnels.get(record.tunnel_id)
            if tunnel is not None and tunnel.deleted_at is None:
                service = tunnel.service_for(record.name)
                if service is not None and not service.startswith("http_status:"):
                    found.add(record.name)
        return found

    def unprotected(self) -> set[str]:
        """Routable names over which no application stands, or one that lets anybody in."""
        exact = {host: app for app in self.apps.values() for host in app.hosts if "*" not in host}
        found = set()
        for host in self.routable():
            app = exact.get(host) or self.app_for(host)
            if app is None or self.open(app):
                found.add(host)
        return found

    def open(self, app: App) -> bool:
        """Whether somebody without an identity gets in, or everybody who has one."""
        return bool(app.fields.get("options_preflight_bypass")) or any(
            policy.fields["decision"] == "bypass"
            or (
                policy.fields["decision"] in {"allow", "non_identity"}
                and self._everyone(policy.fields["include"], set())
            )
            for policy in app.policies
        )

    def _everyone(self, rules: Iterable[dict[str, Any]], seen: set[str]) -> bool:
        for rule in rules:
            if "everyone" in rule:
                return True
            if "group" in rule and rule["group"]["id"] not in seen:
                seen.add(rule["group"]["id"])
                group = self.groups.get(rule["group"]["id"])
                if group is not None and self._everyone(group.fields["include"], seen):
                    return True
        return False

    def user_of(self, email: str) -> User | None:
        return next((user for user in self.users.values() if user.email == email), None)

    def seats_used(self) -> int:
        return sum(user.seated for user in self.users.values())

    def logged(self) -> list[dict[str, Any]]:
        """The access log as it can still be asked, in the order of time."""
        oldest = self.now() - self.log_retention
        timed = [(moment(row["created_at"]), row) for row in self.access_log]
        return [row for at, row in sorted(timed, key=lambda pair: pair[0]) if at >= oldest]


def moment(stamp: str) -> float:
    """Of a time in ISO 8601 with its zone. Raises ValueError."""
    at = datetime.fromisoformat(stamp)
    if at.tzinfo is None:
        raise ValueError(f"{stamp} has no zone")
    return at.timestamp()


def specificity(pattern: str) -> tuple[int, int]:
    """Orders patterns: without wildcard before with one, longer before shorter."""
    return (0 if "*" in pattern else 1, len(pattern))
