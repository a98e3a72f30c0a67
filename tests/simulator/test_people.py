"""What the simulator refuses of groups, providers, the organization and seats; its own settings and page."""

from typing import Any

import jwt
import pytest
import requests

from tests.parts import Cloud
from tests.simulator.parts import ALICE
from tests.simulator.people import ACCESS, HOST, OIDC, TEAM, get, group, provider, publish, rule


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "groups", {"name": "g", "include": []}, 400),
        ("POST", "groups", {"include": [rule(ALICE)]}, 400),
        ("POST", "groups", {"name": "g", "include": [{"emails": {}}]}, 400),
        ("POST", "groups", {"name": "g", "include": [rule(ALICE)] * 1001}, 400),
        ("POST", "groups", {"name": "g" * 351, "include": [rule(ALICE)]}, 400),
        ("GET", "groups/nothing", None, 404),
        ("POST", "identity_providers", {"name": "x", "type": "saml", "config": {}}, 400),
        ("POST", "identity_providers", {"name": "x", "type": "oidc", "config": {}}, 400),
        ("POST", "identity_providers", {"name": "x", "type": "oidc", "config": {**OIDC, "claims": [1]}}, 400),
        ("POST", "identity_providers", {"type": "onetimepin", "config": {}}, 400),
        ("GET", "identity_providers/nothing", None, 404),
        ("PUT", "organizations", {"session_duration": "1m"}, 400),
        ("PUT", "organizations", {"session_duration": "2000h"}, 400),
        ("PUT", "organizations", {"auth_domain": "evil.example"}, 400),
        ("PUT", "organizations", {"name": ""}, 400),
        ("GET", "users/nothing/active_sessions", None, 404),
        ("PATCH", "seats", [], 400),
        ("PATCH", "seats", [{"seat_uid": "x", "access_seat": False}], 400),
        ("PATCH", "seats", [{"seat_uid": "x", "access_seat": False, "gateway_seat": False}], 404),
        ("GET", "logs/access_requests?limit=0", None, 400),
        ("GET", "logs/access_requests?direction=up", None, 400),
        ("GET", "logs/access_requests?since=yesterday", None, 400),
        ("POST", "apps", {"type": "self_hosted", "domain": HOST, "auto_redirect_to_identity": True}, 400),
    ],
)
def test_refusals(cloud: Cloud, method: str, path: str, body: Any, status: int) -> None:
    answer = cloud.api(method, f"{ACCESS}/{path}", json=body)
    assert (answer.status_code, answer.json()["success"]) == (status, False), answer.text
    assert answer.json()["errors"][0]["code"] == (12130 if status == 400 else 12404)
    assert "very secret" not in answer.text


def test_the_organization(cloud: Cloud) -> None:
    assert get(cloud, "organizations")["auth_domain"] == TEAM
    body = {"auth_domain": "other.cloudflareaccess.localhost", "session_duration": "1h"}
    assert cloud.api("PUT", f"{ACCESS}/organizations", json=body).ok
    seen = get(cloud, "organizations")
    assert (seen["auth_domain"], seen["name"]) == ("other.cloudflareaccess.localhost", "Simulator")
    publish(cloud, rule(ALICE))
    cookie = cloud.sign_in(ALICE, HOST) or ""
    assert (
        jwt.decode(cookie.partition("=")[2], options={"verify_signature": False})["iss"]
        == f"https://{body['auth_domain']}"
    )
    (user,) = get(cloud, "users")
    (session,) = get(cloud, f"users/{user['id']}/active_sessions")
    assert session["expiration"] - session["metadata"]["iat"] == 3600


def test_an_application_is_found_by_its_audience(cloud: Cloud) -> None:
    app = publish(cloud, rule(ALICE))
    aud = cloud.state()["apps"][app]["aud"]
    assert [row["id"] for row in get(cloud, "apps", aud=aud)] == [app]
    assert get(cloud, "apps", aud=aud[:-1]) == []


def test_the_page_shows_people(cloud: Cloud) -> None:
    provider(cloud, "<b>Company</b>")
    publish(cloud, {"group": {"id": group(cloud, rule(ALICE), require=[{"email_domain": {"domain": "example.com"}}])}})
    assert cloud.sign_in(ALICE, HOST)
    text = requests.get(cloud.facts["edge"] + "/", timeout=5).text
    for shown in (
        "&lt;b&gt;Company&lt;/b&gt;",
        "friends",
        "email_domain example.com",
        "1 of 50 seats",
        ALICE,
        "/mailbox",
    ):
        assert shown in text
    assert "very secret" not in text
