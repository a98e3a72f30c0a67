"""A client for the part of Cloudflare's v4 API that Warren uses. Imports no Django; raises `errors.CloudflareError`.

cf = Cloudflare("https://api.cloudflare.com/client/v4", token, account_id)
tunnel = cf.tunnels.create("warren-demo", secret)
cf.with_priority(Priority.URGENT).apps.revoke_tokens(app_id)
"""

from cloudflare.client import errors, resources
from cloudflare.client.pacer import Pacer, Priority
from cloudflare.client.people import AccessEvent, ActiveSession, IdentityProvider, OrganizationInfo, User
from cloudflare.client.rules import Email, EmailDomain, Everyone, Group, LoginMethod, OidcClaim, Rule
from cloudflare.client.transport import Transport
from cloudflare.client.types import (
    App,
    AppSpec,
    ConnectorInfo,
    Ingress,
    PolicySpec,
    Record,
    RecordSpec,
    TokenStatus,
    Tunnel,
)


class Cloudflare:
    """One account, one credential. `timeout`: seconds to connect, and to wait for bytes. Thread-safe."""

    def __init__(
        self,
        api_url: str,
        token: str,
        account_id: str,
        *,
        pacer: Pacer | None = None,
        timeout: tuple[float, float] = (5.0, 15.0),
        retries: int = 2,
    ) -> None:
        self.account_id, self.pacer = account_id, pacer
        self._transport = Transport(api_url, token, pacer=pacer, timeout=timeout, retries=retries)
        self._bind(Priority.NORMAL)

    def _bind(self, priority: Priority) -> None:
        transport, account = self._transport, f"/accounts/{self.account_id}"
        self._priority = priority
        self.tunnels = resources.Tunnels(transport, priority, f"{account}/cfd_tunnel")
        self.apps = resources.Apps(transport, priority, f"{account}/access/apps")
        self.identity_providers = resources.IdentityProviders(
            transport, priority, f"{account}/access/identity_providers"
        )
        self.users = resources.Users(transport, priority, f"{account}/access/users")
        self.seats = resources.Seats(transport, priority, f"{account}/access/seats")
        self.logs = resources.Logs(transport, priority, f"{account}/access/logs")
        self.organization = resources.Organization(transport, priority, f"{account}/access/organizations")

    def with_priority(self, priority: Priority) -> "Cloudflare":
        """The same client; `URGENT` may use the part of the budget that is kept for ending access."""
        other = object.__new__(Cloudflare)
        other.account_id, other._transport = self.account_id, self._transport
        other._bind(priority)
        return other

    def zone(self, zone_id: str) -> resources.Zone:
        return resources.Zone(self._transport, self._priority, f"/zones/{zone_id}")

    def verify_token(self) -> TokenStatus:
        """Whether the token works. It is a user's or the account's own; each is told at a place of its own."""
        try:
            raw = self._transport.call("GET", "/user/tokens/verify").result
        except (errors.Unauthorized, errors.Rejected):
            raw = self._transport.call("GET", f"/accounts/{self.account_id}/tokens/verify").result
        return TokenStatus(raw["id"], raw["status"])


__all__ = [
    "AccessEvent",
    "ActiveSession",
    "App",
    "AppSpec",
    "Cloudflare",
    "ConnectorInfo",
    "Email",
    "EmailDomain",
    "Everyone",
    "Group",
    "IdentityProvider",
    "Ingress",
    "LoginMethod",
    "OidcClaim",
    "OrganizationInfo",
    "Pacer",
    "PolicySpec",
    "Priority",
    "Record",
    "RecordSpec",
    "Rule",
    "TokenStatus",
    "Tunnel",
    "User",
    "errors",
]
