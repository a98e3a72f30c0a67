"""The simulator's own interface below `/_simulator/`, on loopback and with a token: state, faults, sign-ins, time."""

import secrets
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from cloudflare.simulator import mailbox
from cloudflare.simulator.admissions import Admissions
from cloudflare.simulator.api import providers
from cloudflare.simulator.edge import Edge
from cloudflare.simulator.faults import Faults
from cloudflare.simulator.login import APP_COOKIE
from cloudflare.simulator.people import ONE_TIME_PIN, new_uuid
from cloudflare.simulator.persistence import dump
from cloudflare.simulator.ratelimit import RateLimit
from cloudflare.simulator.state import World, moment

LIMITS: dict[str, type[int] | type[float]] = {
    "record_quota": int,
    "max_apps": int,
    "max_tunnels": int,
    "max_seats": int,
    "max_page": int,
    "log_retention": float,
}
PARTS = (
    *("tunnels", "records", "apps", "policies", "groups", "users", "sessions"),
    *("access_log", "violations", "mails"),
)


@dataclass
class Journal:
    """What was asked of the API, the newest last."""

    rows: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=20_000))

    def add(self, method: str, path: str, status: int, began: float) -> None:
        took = round(1000 * (time.monotonic() - began), 2)
        self.rows.append({"at": time.time(), "method": method, "path": path, "status": status, "ms": took})


class Control:
    def __init__(
        self, world: World, edge: Edge, faults: Faults, limit: RateLimit, journal: Journal, token: str
    ) -> None:
        self._admissions = Admissions(world)
        world.listeners.append(self._admissions)
        self._world, self._edge, self._faults, self._limit = world, edge, faults, limit
        self._journal, self._token = journal, token

    def routes(self) -> list[web.RouteDef]:
        calls = [
            ("GET", "state", self.state),
            ("GET", "calls", self.calls),
            ("DELETE", "calls", self.forget_calls),
            ("GET", "admissions", self.admissions),
            ("GET", "faults", self.faults),
            ("POST", "faults", self.add_fault),
            ("DELETE", "faults", self.clear_faults),
            ("POST", "sessions", self.sign_in),
            ("POST", "log", self.add_log),
            ("GET", "mail", self.mail),
            ("POST", "clock", self.clock),
            ("POST", "keys", self.rotate_keys),
            ("PATCH", "limits", self.limits),
            ("DELETE", "violations", self.forget_violations),
            ("DELETE", "world", self.forget_all),
        ]
        return [web.route(method, f"/_simulator/{path}", self._guarded(call)) for method, path, call in calls]

    def _guarded(self, call: Any) -> Any:
        async def guarded(request: web.Request) -> web.Response:
            if request.headers.get("Authorization") != f"Bearer {self._token}":
                return web.json_response({"error": "the control token is missing or wrong"}, status=401)
            try:
                body = await request.json() if request.can_read_body else {}
                result = await call({**request.query, **body})
            except (ValueError, KeyError, TypeError) as exc:
                return web.json_response({"error": str(exc)}, status=400)
            return web.json_response(result)

        return guarded

    async def state(self, body: dict[str, Any]) -> Any:
        shown = dump(self._world)
        for hidden in ("signing_keys", "token", "mails"):
            shown.pop(hidden)
        for provider in shown["providers"].values():
            provider["fields"] = providers.redacted(provider["fields"])
        for key, tunnel in shown["tunnels"].items():
            tunnel.pop("secret")
            tunnel["connectors"] = [
                {"id": row.id, "config_version": row.config_version}
                for row in self._world.tunnels[key].connectors.values()
            ]
        return {
            **shown,
            "routable": sorted(self._world.routable()),
            "unprotected": sorted(self._world.unprotected()),
        }

    async def calls(self, body: dict[str, Any]) -> Any:
        rows = list(self._journal.rows)
        writes = sum(row["method"] != "GET" for row in rows)
        return {
            "calls": rows,
            "total": len(rows),
            "writes": writes,
            "throttled": sum(r["status"] == 429 for r in rows),
        }

    async def forget_calls(self, body: dict[str, Any]) -> Any:
        self._journal.rows.clear()
        return {}

    async def admissions(self, body: dict[str, Any]) -> Any:
        """Whom each application let in after each change of it."""
        return list(self._admissions.rows)

    async def faults(self, body: dict[str, Any]) -> Any:
        return [fault.shown() for fault in self._faults.active]

    async def add_fault(self, body: dict[str, Any]) -> Any:
        return self._faults.add(body).shown()

    async def clear_faults(self, body: dict[str, Any]) -> Any:
        self._faults.clear()
        return {}

    async def sign_in(self, body: dict[str, Any]) -> Any:
        """`{email, host, login_method, claims}` → `{allowed, cookie, reason}`; the latter two are optional.

        The cookie is `CF_Authorization=…` for that host. `login_method` is the id of an identity provider.
        """
        claims = body.get("claims") or {}
        if not isinstance(claims, dict):
            raise TypeError("claims must be an object")
        decision = self._edge.login.sign_in(body["email"], body["host"], body.get("login_method") or "", claims)
        cookie = f"{APP_COOKIE}={decision.token}" if decision.token else None
        return {"allowed": decision.token is not None, "cookie": cookie, "reason": decision.reason}

    async def add_log(self, body: dict[str, Any]) -> Any:
        """A row of the access log as given; what is left out is made up. `created_at` is ISO 8601 with its zone."""
        row = {
            "action": "login",
            "allowed": True,
            "app_domain": "",
            "app_uid": new_uuid(),
            "connection": ONE_TIME_PIN,
            "created_at": self._world.stamp(),
            "ip_address": "192.0.2.1",
            "ray_id": secrets.token_hex(8),
            "user_email": "",
        }
        if unknown := set(body) - set(row):
            raise ValueError(f"a row of the access log has no {', '.join(sorted(unknown))}")
        row |= body
        moment(str(row["created_at"]))
        self._world.access_log.append(row)
        self._world.changed("log", "")
        return row

    async def mail(self, body: dict[str, Any]) -> Any:
        """What the mailbox holds, the newest first; `to`: for this address alone."""
        return [mailbox.shown(row) for row in mailbox.newest(self._world, str(body.get("to", "")))]

    async def clock(self, body: dict[str, Any]) -> Any:
        """`{seconds}`: move the simulator's time forward."""
        self._world.clock_offset += float(body["seconds"])
        return {"now": self._world.stamp()}

    async def rotate_keys(self, body: dict[str, Any]) -> Any:
        self._edge.signer.rotate()
        return self._edge.signer.keys()

    async def limits(self, body: dict[str, Any]) -> Any:
        """Change limits of the account: any of `LIMITS`, and `calls`. `log_retention` is in seconds."""
        for name, kind in LIMITS.items():
            if name in body:
                setattr(self._world, name, kind(body[name]))
        if "calls" in body:
            self._limit.quota = int(body["calls"])
            self._limit.clear()
        return {}

    async def forget_all(self, body: dict[str, Any]) -> Any:
        """As new: nothing exists but the account, the zone and the keys."""
        for tunnel in self._world.tunnels.values():
            for connector in list(tunnel.connectors.values()):
                connector.drop()
        for part in PARTS:
            getattr(self._world, part).clear()
        fresh = World(self._world.account_id, self._world.zone_id, self._world.domain, self._world.token)
        for name in (*LIMITS, "clock_offset", "team_domain", "organization", "providers"):
            setattr(self._world, name, getattr(fresh, name))
        self._faults.clear()
        self._limit.clear()
        self._journal.rows.clear()
        self._admissions.rows.clear()
        for kind in ("record", "log"):
            self._world.changed(kind, "")
        return {}

    async def forget_violations(self, body: dict[str, Any]) -> Any:
        self._world.violations.clear()
        self._world.changed("log", "")
        return {}
