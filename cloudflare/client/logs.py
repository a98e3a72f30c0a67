"""Cloudflare's log of whom Access let in and whom it refused."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self

from cloudflare.client import errors
from cloudflare.client.resources import Resource


@dataclass(frozen=True, slots=True)
class AccessRequest:
    """A line of the log. It has no key of its own; `ray_id` names the request, and may be empty."""

    action: str
    allowed: bool
    app_domain: str
    app_uid: str
    connection: str
    created_at: datetime.datetime
    ip_address: str
    ray_id: str
    user_email: str

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        at = datetime.datetime.fromisoformat(raw["created_at"])
        return cls(
            raw.get("action") or "",
            bool(raw.get("allowed")),
            raw.get("app_domain") or "",
            raw.get("app_uid") or "",
            raw.get("connection") or "",
            at if at.tzinfo else at.replace(tzinfo=datetime.UTC),
            raw.get("ip_address") or "",
            raw.get("ray_id") or "",
            raw.get("user_email") or "",
        )


@dataclass(frozen=True, slots=True)
class Logs(Resource):
    """`/accounts/{account}/access/logs`"""

    def access_requests(
        self,
        since: datetime.datetime | None = None,
        until: datetime.datetime | None = None,
        limit: int = 1000,
        direction: Literal["asc", "desc"] = "asc",
    ) -> list[AccessRequest]:
        """The first `limit` lines of that time, the oldest first, or the newest. Cloudflare has no second page of it.

        Whoever wants more asks again from where this ended: `since` and `until` belong to the time themselves.
        """
        params: dict[str, Any] = {"limit": limit, "direction": direction}
        params |= {name: _written(at) for name, at in (("since", since), ("until", until)) if at}
        rows = self._call("GET", "/access_requests", params=params).result or []
        try:
            return [AccessRequest.from_json(row) for row in rows]
        except (KeyError, TypeError, ValueError) as exc:
            raise errors.Broken(200, (), "a line of the access log has no time") from exc


def _written(at: datetime.datetime) -> str:
    return at.astimezone(datetime.UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
