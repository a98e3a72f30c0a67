"""Identity providers: what they hide, the claims that they hand on, and the choice among them."""

import json
from typing import Any
from urllib.parse import urlsplit

import jwt
import pytest
import requests

from tests.parts import Cloud
from tests.simulator.parts import ALICE
from tests.simulator.people import ACCESS, HOST, OIDC, TEAM, get, pin, provider, publish, rule


def test_secrets_of_a_provider_never_come_back(cloud: Cloud) -> None:
    key = provider(cloud)
    for answer in (
        cloud.api("GET", f"{ACCESS}/identity_providers"),
        cloud.api("GET", f"{ACCESS}/identity_providers/{key}"),
        cloud.api(
            "PUT", f"{ACCESS}/identity_providers/{key}", json={"name": "New", "type": "oidc", "config": {**OIDC}}
        ),
    ):
        assert answer.ok
        assert "very secret" not in answer.text
        assert "***" in answer.text
    assert "very secret" not in json.dumps(cloud.state())
    without = {name: value for name, value in OIDC.items() if name != "client_secret"}
    body = {"name": "New", "type": "oidc", "config": without}
    assert cloud.api("PUT", f"{ACCESS}/identity_providers/{key}", json=body).status_code == 400
    assert cloud.api("DELETE", f"{ACCESS}/identity_providers/{key}").status_code == 202
    assert [row["type"] for row in get(cloud, "identity_providers")] == ["onetimepin"]


def test_a_login_method_is_required(cloud: Cloud) -> None:
    company = provider(cloud)
    publish(cloud, rule(ALICE), require=[{"login_method": {"id": company}}])
    assert cloud.sign_in(ALICE, HOST) is None
    assert cloud.sign_in(ALICE, HOST, company)
    assert cloud.sign_in(ALICE, HOST, pin(cloud)) is None


def test_an_application_offers_what_it_allows(cloud: Cloud) -> None:
    company = provider(cloud)
    publish(cloud, rule(ALICE), allowed_idps=[company])
    assert cloud.sign_in(ALICE, HOST, pin(cloud)) is None
    assert cloud.sign_in(ALICE, HOST, company)
    assert cloud.sign_in(ALICE, HOST)  # by what there is
    assert cloud.state()["access_log"][-1]["connection"] == "oidc"


@pytest.mark.parametrize(
    ("claims", "value", "opens"),
    [
        ({"teams": ["red", "blue"]}, "blue", True),
        ({"teams": "blue"}, "blue", True),
        ({"teams": ["light blue"]}, "blue", False),
        ({"teams": "red blue"}, "blue", False),
        ({"teams": ["BLUE"]}, "blue", False),
        ({"teams": [{"name": "blue"}]}, "blue", False),
        ({"level": 3}, "3", True),
        ({"level": True}, "true", True),
        ({"level": None}, "None", False),
        ({"other": "blue"}, "blue", False),  # the provider was not configured to hand it on
        ({}, "blue", False),
    ],
)
def test_claims(cloud: Cloud, claims: Any, value: str, opens: bool) -> None:
    company, other = provider(cloud), provider(cloud, "Another")
    rules = [
        {"oidc": {"identity_provider_id": company, "claim_name": name, "claim_value": value}}
        for name in ("teams", "level", "other")
    ]
    publish(cloud, *rules)
    assert bool(cloud.sign_in(ALICE, HOST, company, claims)) is opens
    assert cloud.sign_in(ALICE, HOST, other, claims) is None
    assert cloud.sign_in(ALICE, HOST, "", claims) is None


def test_claims_are_of_the_login(cloud: Cloud) -> None:
    """They are in token and identity, and stay what they were until the person signs in anew."""
    company = provider(cloud)
    publish(cloud, rule(ALICE))
    cookie = cloud.sign_in(ALICE, HOST, company, {"teams": ["red"], "unknown": 1, "name": "Alice A."}) or ""
    claims = jwt.decode(cookie.partition("=")[2], options={"verify_signature": False})
    assert claims["custom"] == {"teams": ["red"]}
    assert {"aud", "email", "exp", "iat", "nbf", "iss", "type", "sub", "identity_nonce", "country"} <= set(claims)
    assert claims["iss"] == f"https://{TEAM}"
    record = {"type": "A", "name": HOST, "content": "192.0.2.1", "proxied": True}
    assert cloud.api("POST", "/zones/{zone}/dns_records", json=record).ok
    (user,) = get(cloud, "users")
    assert user["name"] == "Alice A."
    nonce = claims["identity_nonce"]
    seen = get(cloud, f"users/{user['id']}/active_sessions/{nonce}")
    assert seen.pop("isActive") is True
    assert (seen["idp"], seen["oidc_fields"]) == ({"id": company, "type": "oidc"}, {"teams": ["red"]})
    assert (seen["email"], seen["user_uuid"], claims["sub"]) == (ALICE, user["id"], user["id"])
    assert get(cloud, f"users/{user['id']}/last_seen_identity")["oidc_fields"] == {"teams": ["red"]}
    cloud.sign_in(ALICE, HOST)
    assert get(cloud, f"users/{user['id']}/last_seen_identity")["idp"]["type"] == "onetimepin"


def test_the_login_page_offers_a_choice(cloud: Cloud) -> None:
    """As a browser goes: choice, form of the provider, back to the application."""
    company = provider(cloud, "<Company>")
    publish(cloud, {"oidc": {"identity_provider_id": company, "claim_name": "teams", "claim_value": "blue"}})
    path = f"/cdn-cgi/access/login/{HOST}"
    page = cloud.visit(TEAM, f"{path}?redirect_url=%2Fdeep")
    assert "One-time PIN" in page.text
    assert "&lt;Company&gt;" in page.text
    assert "<form" not in page.text
    link = page.text.partition('<li><a href="?')[2]
    while f"idp={company}" not in link.partition('"')[0]:
        link = link.partition('<li><a href="?')[2]
    where = f"{path}?{link.partition(chr(34))[0].replace('&amp;', '&')}"
    page = cloud.visit(TEAM, where)
    assert "name=claims" in page.text
    assert "/deep" in page.text
    jar = "; ".join(f"{cookie.name}={cookie.value}" for cookie in page.cookies)
    nonce = page.text.partition('name=nonce value="')[2].partition('"')[0]
    form = {"email": ALICE, "nonce": nonce, "idp": company, "redirect_url": "/deep"}

    def post(**more: str) -> requests.Response:
        return cloud.visit(TEAM, where, jar, method="POST", data={**form, **more})

    for rubbish in ("{", "[]", '"text"', "[" * 5000):
        assert "one JSON object" in post(claims=rubbish).text
    assert post(claims='{"teams": ["red"]}').status_code == 403
    sent = post(claims='{"teams": ["blue"]}')
    assert (sent.status_code, urlsplit(sent.headers["Location"]).hostname) == (302, HOST)
    # The global session lets them into what allows that provider, and asks anew where only another one will do.
    session = f"CF_Session={sent.cookies['CF_Session']}"
    assert cloud.visit(TEAM, where, session).status_code == 302
    (app,) = cloud.state()["apps"]
    body = {"type": "self_hosted", "domain": HOST, "allowed_idps": [pin(cloud)], "policies": []}
    assert cloud.api("PUT", f"{ACCESS}/apps/{app}", json=body).ok
    page = cloud.visit(TEAM, path, session)
    assert "name=email" in page.text
    assert "name=claims" not in page.text
    forged = cloud.visit(TEAM, path, jar, method="POST", data={**form, "claims": "{}"})
    assert "name=claims" not in forged.text
    gone = provider(cloud, "Gone")
    assert cloud.api("PUT", f"{ACCESS}/apps/{app}", json={**body, "allowed_idps": [gone]}).ok
    assert cloud.api("DELETE", f"{ACCESS}/identity_providers/{gone}").ok
    assert cloud.api("PUT", f"{ACCESS}/apps/{app}", json={**body, "allowed_idps": [gone]}).status_code == 400
    assert cloud.visit(TEAM, path).status_code == 403
