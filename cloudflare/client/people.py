"""Values about people that come back from Cloudflare. Lenient: what Warren does not act on may be missing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class IdentityProvider:
    """`type`: onetimepin, oidc, saml, github and so on."""

    id: str
    name: str
    type: str

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        return cls(raw["id"], raw.get("name") or "", raw.get("type") or "")


@dataclass(frozen=True, slots=True)
class OrganizationInfo:
    """`auth_domain`: the team's host, whose keys sign the tokens. Durations as in Cloudflare's schema, `24h`."""

    name: str
    auth_domain: str
    session_duration: str

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        return cls(raw.get("name") or "", raw.get("auth_domain") or "", raw.get("session_duration") or "24h")


@dataclass(frozen=True, slots=True)
class User:
    """`email` is folded. `access_seat`: takes one of the account's seats; `seat_uid` names it, empty where none is."""

    id: str
    email: str
    name: str
    seat_uid: str
    access_seat: bool
    gateway_seat: bool
    last_login: datetime | None

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        return cls(
            raw["id"],
            (raw.get("email") or "").casefold(),
            raw.get("name") or "",
            raw.get("seat_uid") or "",
            bool(raw.get("access_seat")),
            bool(raw.get("gateway_seat")),
            _time_or_none(raw.get("last_successful_login")),
        )


@dataclass(frozen=True, slots=True)
class ActiveSession:
    """A global session; `apps` are the audiences of the applications that it holds a token of."""

    nonce: str
    expires_at: datetime | None
    apps: tuple[str, ...]

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        metadata = raw.get("metadata") or {}
        expires = raw.get("expiration") or metadata.get("expires")
        return cls(
            metadata.get("nonce") or "",
            datetime.fromtimestamp(int(expires), UTC) if expires else None,
            tuple(metadata.get("apps") or ()),
        )


@dataclass(frozen=True, slots=True)
class AccessEvent:
    """A login at the edge; `connection` is the type of the identity provider, `email` is folded."""

    action: str
    allowed: bool
    app_uid: str
    app_domain: str
    email: str
    ip: str
    ray_id: str
    created_at: datetime
    connection: str

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        """Raises KeyError, TypeError or ValueError where the time is missing or none."""
        return cls(
            raw.get("action") or "",
            bool(raw.get("allowed")),
            raw.get("app_uid") or "",
            raw.get("app_domain") or "",
            (raw.get("user_email") or "").casefold(),
            raw.get("ip_address") or "",
            raw.get("ray_id") or "",
            _time(raw["created_at"]),
            raw.get("connection") or "",
        )


def _time(text: str) -> datetime:
    """Aware; a time without zone is taken as UTC, as all of Cloudflare's are."""
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _time_or_none(text: Any) -> datetime | None:
    try:
        return _time(text) if text else None
    except (TypeError, ValueError):
        return None
