"""Who signs in, and by what: providers of identity, groups of rules, users with their seats, sessions. Plain values."""

import uuid
from dataclasses import dataclass, field
from typing import Any

ONE_TIME_PIN = "onetimepin"


def new_uuid() -> str:
    return str(uuid.uuid4())


@dataclass(slots=True)
class IdentityProvider:
    """`fields` as they were written, secrets included."""

    id: str
    fields: dict[str, Any]

    @property
    def type(self) -> str:
        return str(self.fields["type"])

    @property
    def name(self) -> str:
        return str(self.fields["name"])

    def captured(self, told: dict[str, Any]) -> dict[str, Any]:
        """Of what a provider tells at a login, the claims that it was configured to hand on."""
        wanted = self.fields["config"].get("claims") or []
        return {name: told[name] for name in wanted if name in told}


@dataclass(slots=True)
class Group:
    """Rules under one name; whatever refers to it follows."""

    id: str
    fields: dict[str, Any]
    created_at: str
    updated_at: str


@dataclass(slots=True)
class User:
    """Somebody who signed in once. `seated`: takes one of the account's seats, from the first login that was let in."""

    id: str
    email: str
    name: str
    seat_uid: str
    created_at: str
    updated_at: str
    seated: bool = False
    last_login: str = ""
    identity: dict[str, Any] = field(default_factory=dict)  # as it was seen last


@dataclass(slots=True)
class Session:
    """`aud` empty: the global session of a person; else a token of that application, `parent` being the former."""

    id: str
    email: str
    user_id: str
    created: float
    expires: float
    aud: str = ""
    revoked: bool = False
    parent: str = ""
    provider: str = ""
    provider_type: str = ""
    ip: str = ""
    claims: dict[str, Any] = field(default_factory=dict)

    def living(self, now: float) -> bool:
        return not self.revoked and self.expires > now

    def identity(self, account_id: str) -> dict[str, Any]:
        """Who this is, as `get-identity` and the calls about users tell it."""
        told = {"oidc_fields": self.claims} if self.claims else {}
        return {
            "email": self.email,
            "user_uuid": self.user_id,
            "account_id": account_id,
            "idp": {"id": self.provider, "type": self.provider_type},
            "geo": {"country": "XX"},
            "iat": int(self.created),
            "ip": self.ip,
            "auth_status": "NONE",
            "common_name": "",
            "service_token_id": "",
            "service_token_status": False,
            "is_warp": False,
            "is_gateway": False,
            "device_id": "",
            "device_sessions": {},
            "devicePosture": {},
            "version": 2,
            **told,
        }


def one_time_pin() -> IdentityProvider:
    """The provider that an account has from its start."""
    return IdentityProvider(new_uuid(), {"name": "One-time PIN", "type": ONE_TIME_PIN, "config": {}})
