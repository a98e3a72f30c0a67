"""Access applications, what one can sign in by, and the organization that they belong to."""

from collections.abc import Iterator
from dataclasses import dataclass

from cloudflare.client.people import IdentityProvider, OrganizationInfo
from cloudflare.client.resources.base import Resource
from cloudflare.client.types import App, AppSpec


@dataclass(frozen=True, slots=True)
class Apps(Resource):
    """`/accounts/{account}/access/apps`"""

    def create(self, spec: AppSpec) -> App:
        return self._value(App.from_json, "POST", body=spec.to_json())

    def find(self, hostname: str) -> App | None:
        """The application over exactly this hostname."""
        return self._find(App.from_json, {"domain": hostname, "exact": "true"}, domain=hostname)

    def find_by_aud(self, aud: str) -> App | None:
        """The application whose tokens carry this audience."""
        return self._find(App.from_json, {"aud": aud}, aud=aud)

    def get(self, app_id: str) -> App:
        return self._value(App.from_json, path=f"/{app_id}")

    def all(self, *, per_page: int = 1000) -> Iterator[App]:
        return self._pages(App.from_json, {}, per_page)

    def replace(self, app_id: str, spec: AppSpec) -> App:
        return self._value(App.from_json, "PUT", f"/{app_id}", body=spec.to_json())

    def delete(self, app_id: str) -> None:
        self._call("DELETE", f"/{app_id}")

    def revoke_tokens(self, app_id: str) -> None:
        """End every session of this application; whom its policies still let in signs in again."""
        self._call("POST", f"/{app_id}/revoke_tokens")


@dataclass(frozen=True, slots=True)
class IdentityProviders(Resource):
    """`/accounts/{account}/access/identity_providers`"""

    def all(self, *, per_page: int = 100) -> Iterator[IdentityProvider]:
        """An account has at most 50."""
        return self._pages(IdentityProvider.from_json, {}, per_page)


@dataclass(frozen=True, slots=True)
class Organization(Resource):
    """`/accounts/{account}/access/organizations`"""

    def get(self) -> OrganizationInfo:
        return self._value(OrganizationInfo.from_json)

    def revoke_user(self, email: str) -> None:
        """End every session of this person, in all applications of the account. Their seat stays taken."""
        self._call("POST", "/revoke_user", body={"email": email})
