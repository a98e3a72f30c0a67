"""Access rules: each is one object with exactly one key, and one value. Cloudflare has no operators."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Email:
    address: str

    def to_json(self) -> dict[str, Any]:
        return {"email": {"email": self.address}}


@dataclass(frozen=True, slots=True)
class EmailDomain:
    domain: str

    def to_json(self) -> dict[str, Any]:
        return {"email_domain": {"domain": self.domain}}


@dataclass(frozen=True, slots=True)
class Everyone:
    def to_json(self) -> dict[str, Any]:
        return {"everyone": {}}


@dataclass(frozen=True, slots=True)
class LoginMethod:
    id: str

    def to_json(self) -> dict[str, Any]:
        return {"login_method": {"id": self.id}}


@dataclass(frozen=True, slots=True)
class Group:
    id: str

    def to_json(self) -> dict[str, Any]:
        return {"group": {"id": self.id}}


@dataclass(frozen=True, slots=True)
class OidcClaim:
    identity_provider_id: str
    claim_name: str
    claim_value: str

    def to_json(self) -> dict[str, Any]:
        return {
            "oidc": {
                "identity_provider_id": self.identity_provider_id,
                "claim_name": self.claim_name,
                "claim_value": self.claim_value,
            }
        }


@dataclass(frozen=True, slots=True)
class Unknown:
    """A rule that we never write; equal to none of ours."""

    text: str

    def to_json(self) -> dict[str, Any]:
        raise TypeError(f"a rule that Warren does not know cannot be written: {self.text}")


Rule = Email | EmailDomain | Everyone | LoginMethod | Group | OidcClaim | Unknown


def parse(raw: Any) -> Rule:
    """Read a rule back. Whatever does not look exactly like one of ours is `Unknown`."""
    match raw:
        case {"email": {"email": str(address)}, **rest} if not rest:
            return Email(address)
        case {"email_domain": {"domain": str(domain)}, **rest} if not rest:
            return EmailDomain(domain)
        case {"everyone": dict(), **rest} if not rest:
            return Everyone()
        case {"login_method": {"id": str(id_)}, **rest} if not rest:
            return LoginMethod(id_)
        case {"group": {"id": str(id_)}, **rest} if not rest:
            return Group(id_)
        case {
            "oidc": {
                "identity_provider_id": str(provider),
                "claim_name": str(name),
                "claim_value": str(value),
            },
            **rest,
        } if not rest:
            return OidcClaim(provider, name, value)
    return Unknown(repr(raw)[:200])
