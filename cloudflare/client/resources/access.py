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
        return App.from_json(self._call("POST", body=spec.to_json()).result)

    def find(self, hostname: str) -> App | None:
        """The application over exactly this hostname."""
        rows = self._call("GET", params={"domain": hostname, "exact": "true"}).result or []
        return next((App.from_json(row) for row in rows if row.get("domain") == hostname), None)

    def find_by_aud(self, aud: str) -> App | None:
        """The application whose tokens carry this audience."""
        rows = self._call("GET", params={"aud": aud}).result or []
        return next((App.from_json(row) for row in rows if row.get("aud") == aud), None)

    def get(self, app_id: str) -> App:
        return App.from_json(self._call("GET", f"/{app_id}").result)

    def all(self, *, per_page: int = 1000) -> Iterator[App]:
        return (App.from_json(row) for row in self._pages({}, per_page))

    def replace(self, app_id: str, spec: AppSpec) -> App:
        return App.from_json(self._call("PUT", f"/{app_id}", body=spec.to_json()).result)

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
        return (IdentityProvider.from_json(row) for row in self._pages({}, per_page))


@dataclass(frozen=True, slots=True)
class Organization(Resource):
    """`/accounts/{account}/access/organizations`"""

    def get(self) -> OrganizationInfo:
        return OrganizationInfo.from_json(self._call("GET").result)

    def revoke_user(self, email: str) -> None:
        """End every session of this person, in all applications of the account. Their seat stays taken."""
        self._call("POST", "/revoke_user", body={"email": email})
