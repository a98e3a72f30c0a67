"""Warren behind the simulated Access: an application over the dashboard's name, and real assertions for it."""

import json
import time
from dataclasses import dataclass
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from django.core.cache import cache
from django.test import Client
from jwt.algorithms import RSAAlgorithm

from cloudflare.entrance import keys
from cloudflare.models import Account
from tenants import seldom
from tests.parts import Cloud
from tests.simulator.people import pin, provider

TEAM = "warren.cloudflareaccess.localhost"
HEADER = "Cf-Access-Jwt-Assertion"
OWN, OTHER = "own", "other"


@dataclass
class Front:
    """The application before the dashboard."""

    cloud: Cloud
    host: str
    app: dict[str, Any]

    @property
    def audience(self) -> str:
        return str(self.app["aud"])

    def assertion(self, email: str) -> str:
        """As the edge puts it on every request of this person's."""
        cookie = self.cloud.sign_in(email, self.host)
        assert cookie
        return cookie.removeprefix("CF_Authorization=")

    @property
    def provider(self) -> str:
        """The id of the account's one-time PIN, by which people sign in here."""
        return pin(self.cloud)

    def write(self, **fields: Any) -> None:
        """Change the application at Cloudflare; `OWN` stands for `provider`, `OTHER` for one more of the account."""
        if idps := fields.get("allowed_idps"):
            fields["allowed_idps"] = [self.provider if each == OWN else provider(self.cloud) for each in idps]
        path = f"/accounts/{{account}}/access/apps/{self.app['id']}"
        answer = self.cloud.api("PUT", path, json={**_body(self.host), **fields})
        assert answer.ok, answer.text


def _body(host: str) -> dict[str, Any]:
    policy = {"name": "people", "decision": "allow", "include": [{"everyone": {}}]}
    return {"type": "self_hosted", "name": host, "domain": host, "policies": [policy]}


def stand(cloud: Cloud, label: str) -> Front:
    host = f"{label}.{cloud.facts['domain']}"
    answer = cloud.api("POST", "/accounts/{account}/access/apps", json=_body(host))
    assert answer.ok, answer.text
    return Front(cloud, host, answer.json()["result"])


@pytest.fixture
def front(db: None, settings: Any, cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Front:
    """Warren behind Access, the keys read."""
    found = stand(cloud, "dashboard")
    for name, value in cloud.settings().items():
        setattr(settings, name, value)
    settings.ACCESS_TEAM_DOMAIN, settings.ACCESS_AUDIENCE = TEAM, found.audience
    settings.ACCESS_CERTS_URL = f"{cloud.facts['edge']}/cdn-cgi/access/certs"
    Account.objects.create(name="Cloudflare", account_id=cloud.facts["account_id"], api_token=cloud.facts["token"])
    monkeypatch.setattr(keys, "KEPT", 0.0)  # another process's rows count at once
    monkeypatch.setattr(seldom, "_quiet_until", {})
    cache.delete_many([f"seldom/{keys.REFRESH}/{TEAM}"])
    keys.forget()
    keys.refresh()
    return found


@dataclass
class Team:
    """A key of the test's own, for assertions that the simulator would never sign."""

    private: rsa.RSAPrivateKey
    kid: str = "own"

    @property
    def jwk(self) -> dict[str, str]:
        return {**json.loads(RSAAlgorithm.to_jwk(self.private.public_key())), "kid": self.kid}

    def sign(self, audience: str, **claims: Any) -> str:
        """A good one, but for what is said; a claim that is None is left out."""
        now = int(time.time())
        whole = {
            "aud": [audience],
            "email": "alice@example.com",
            "exp": now + 60,
            "iat": now,
            "nbf": now,
            "iss": f"https://{TEAM}",
            "type": "app",
            "sub": "person",
        } | claims
        present = {name: value for name, value in whole.items() if value is not None}
        return jwt.encode(present, self.private, "RS256", headers={"kid": self.kid})


@pytest.fixture(scope="session")
def team() -> Team:
    return Team(rsa.generate_private_key(public_exponent=65537, key_size=2048))


def who(client: Client, assertion: str = "", **more: Any) -> str:
    """Whom Warren takes the visitor for; empty for nobody."""
    headers = {HEADER: assertion} if assertion else {}
    answer = client.get("/api/v1/me/", headers=headers, **more)
    return str(answer.json()["email"]) if answer.status_code == 200 else ""
