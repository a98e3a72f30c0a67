"""Who signs in at the simulated Access: providers, groups and applications, by plain API calls."""

from typing import Any

from tests.parts import Cloud

ACCESS = "/accounts/{account}/access"
HOST = "box.containers.localhost"
TEAM = "warren.cloudflareaccess.localhost"
OIDC = {
    "client_id": "warren",
    "client_secret": "very secret",
    "auth_url": "https://id.example.com/authorize",
    "token_url": "https://id.example.com/token",
    "certs_url": "https://id.example.com/certs",
    "claims": ["teams", "level"],
}


def make(cloud: Cloud, path: str, body: Any) -> str:
    """The id of what was made."""
    answer = cloud.api("POST", f"{ACCESS}/{path}", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["result"]["id"])


def get(cloud: Cloud, path: str, **params: str) -> Any:
    answer = cloud.api("GET", f"{ACCESS}/{path}", params=params)
    assert answer.ok, answer.text
    return answer.json()["result"]


def rule(address: str) -> dict[str, Any]:
    return {"email": {"email": address}}


def publish(cloud: Cloud, *include: Any, require: Any = (), exclude: Any = (), **more: Any) -> str:
    policy = {"name": "p", "decision": "allow", "include": include, "require": require, "exclude": exclude}
    return make(cloud, "apps", {"type": "self_hosted", "name": "box", "domain": HOST, "policies": [policy], **more})


def provider(cloud: Cloud, name: str = "Company", **config: Any) -> str:
    return make(cloud, "identity_providers", {"name": name, "type": "oidc", "config": {**OIDC, **config}})


def pin(cloud: Cloud) -> str:
    return str(next(row["id"] for row in get(cloud, "identity_providers") if row["type"] == "onetimepin"))


def group(cloud: Cloud, *include: Any, **more: Any) -> str:
    return make(cloud, "groups", {"name": "friends", "include": include, **more})
