"""The simulated internet: who gets through to the container, with what, and who does not."""

import base64
import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
import requests

from tests.simulator.parts import ALICE, BOB, Site, allow, publish


def test_only_who_is_let_in_gets_through(site: Site) -> None:
    assert site.visit().status_code == 302
    assert site.visit(email=ALICE).json()["path"] == "/"
    assert site.cloud.sign_in(BOB, site.host) is None


def test_the_login_page_leads_there_and_back(site: Site) -> None:
    """As a browser goes: redirect, form, code, cookie, page."""
    first = site.visit("/deep?x=1")
    login = urlsplit(first.headers["Location"])
    assert login.hostname == "warren.cloudflareaccess.localhost"
    path, team = f"{login.path}?{login.query}", login.hostname
    page = site.cloud.visit(team, path)
    nonce = page.text.partition("name=nonce value=")[2][1:].partition('"')[0]
    form = {"email": "Alice@Example.com", "nonce": nonce, "redirect_url": "/deep?x=1"}
    jar = "; ".join(f"{cookie.name}={cookie.value}" for cookie in page.cookies)
    sent = site.cloud.visit(team, path, jar, method="POST", data=form)
    back = urlsplit(sent.headers["Location"])
    assert (sent.status_code, back.hostname) == (302, site.host)
    entered = site.cloud.visit(site.host, f"{back.path}?{back.query}")
    assert entered.headers["Location"] == "/deep?x=1"
    cookie = f"CF_Authorization={entered.cookies['CF_Authorization']}"
    assert site.cloud.visit(site.host, "/deep?x=1", cookie).json()["path"] == "/deep?x=1"
    assert site.cloud.visit(site.host, f"{back.path}?{back.query}").status_code == 400  # a code works once


def test_a_form_without_its_nonce_signs_nobody_in(site: Site) -> None:
    login = urlsplit(site.visit().headers["Location"])
    sent = site.cloud.visit(login.hostname, f"{login.path}?{login.query}", method="POST", data={"email": ALICE})
    assert sent.status_code == 200
    assert "too old" in sent.text


def test_who_is_refused_is_told_so_and_logged(site: Site) -> None:
    assert site.cloud.sign_in(BOB, site.host) is None
    row = site.cloud.state()["access_log"][-1]
    assert (row["user_email"], row["allowed"], row["app_domain"]) == (BOB, False, site.host)


@pytest.mark.parametrize("to", ["//evil.example", "https://evil.example/", "/\\evil.example", "\\\\evil.example"])
def test_no_redirect_leads_elsewhere(site: Site, to: str) -> None:
    login = urlsplit(site.visit(f"/?{to}").headers["Location"])
    asked = parse_qs(login.query)
    query = f"{login.path}?kid={asked.get('kid', [''])[0]}&redirect_url={requests.utils.quote(to, safe='')}"
    page = site.cloud.visit(login.hostname, query)
    assert "evil.example" not in (page.headers.get("Location") or "")
    value = page.text.partition("name=redirect_url value=")[2][1:].partition('"')[0]
    assert value == "/" or not value.startswith(("//", "/\\", "http", "\\"))


def test_the_assertion_is_signed_for_this_application(site: Site) -> None:
    headers = site.visit(email=ALICE).json()["headers"]
    token = headers["cf-access-jwt-assertion"]
    certs = site.cloud.visit("warren.cloudflareaccess.localhost", "/cdn-cgi/access/certs").json()
    kid = jwt.get_unverified_header(token)["kid"]
    key = jwt.PyJWK(next(row for row in certs["keys"] if row["kid"] == kid))
    aud = site.cloud.state()["apps"][site.app]["aud"]
    claims = jwt.decode(token, key, algorithms=["RS256"], audience=aud)
    assert claims["email"] == ALICE == headers["cf-access-authenticated-user-email"]
    identity = site.cloud.visit(site.host, "/cdn-cgi/access/get-identity", f"CF_Authorization={token}").json()
    assert (identity["email"], identity["user_uuid"]) == (ALICE, claims["sub"])
    (pin,) = site.cloud.state()["providers"]
    assert identity["idp"] == {"id": pin, "type": "onetimepin"}
    with pytest.raises(jwt.InvalidAudienceError):
        jwt.decode(token, key, algorithms=["RS256"], audience="another")


def test_nobody_speaks_in_cloudflares_name(site: Site) -> None:
    forged = {
        "Cf-Access-Authenticated-User-Email": "boss@example.com",
        "Cf-Access-Jwt-Assertion": "forged",
        "CF-Connecting-IP": "198.51.100.1",
        "X-Forwarded-For": "198.51.100.1",
    }
    headers = site.visit(email=ALICE, headers=forged).json()["headers"]
    assert headers["cf-access-authenticated-user-email"] == ALICE
    assert "198.51.100.1" not in json.dumps(headers)
    assert headers["cf-access-jwt-assertion"] != "forged"


def test_a_token_that_was_tampered_with_or_is_anothers_is_worth_nothing(site: Site, service: str) -> None:
    other = publish(site.cloud, "other-acme", service, [allow(ALICE)])
    cookie = site.cloud.sign_in(ALICE, site.host) or ""
    assert site.cloud.visit(other.host, "/", cookie).status_code == 302
    head, body, signature = cookie.removeprefix("CF_Authorization=").split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    forged = base64.urlsafe_b64encode(json.dumps({**claims, "email": BOB}).encode()).decode().rstrip("=")
    assert site.cloud.visit(site.host, "/", f"CF_Authorization={head}.{forged}.{signature}").status_code == 302
    none = base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=")
    assert site.cloud.visit(site.host, "/", f"CF_Authorization={none}.{body}.").status_code == 302


@pytest.mark.parametrize("how", ["revoke_tokens", "revoke_user", "expiry", "new keys"])
def test_a_session_ends(site: Site, how: str) -> None:
    cookie = site.cloud.sign_in(ALICE, site.host)
    assert site.cloud.visit(site.host, "/", cookie).status_code == 200
    if how == "revoke_tokens":
        assert site.cloud.api("POST", f"/accounts/{{account}}/access/apps/{site.app}/revoke_tokens").ok
    elif how == "revoke_user":
        assert site.cloud.api("POST", "/accounts/{account}/access/organizations/revoke_user", json={"email": ALICE}).ok
    elif how == "expiry":
        site.cloud.control("POST", "clock", {"seconds": 24 * 3600 + 1})
    else:
        for _ in range(3):
            site.cloud.control("POST", "keys")
    assert site.cloud.visit(site.host, "/", cookie).status_code == 302


def test_the_most_specific_application_decides(site: Site) -> None:
    """The guard over everything lets nobody in; a name with an application of its own inherits nothing of it."""
    domain = site.cloud.facts["domain"]
    body = {"type": "self_hosted", "name": "guard", "domain": f"*.{domain}", "policies": []}
    assert site.cloud.api("POST", "/accounts/{account}/access/apps", json=body).ok
    assert site.visit(email=ALICE).status_code == 200
    assert site.cloud.api("DELETE", f"/accounts/{{account}}/access/apps/{site.app}").ok
    assert site.cloud.sign_in(ALICE, site.host) is None
    assert site.visit().status_code == 302
    assert site.cloud.state()["violations"] == []


def test_what_is_not_protected_is_served_and_counted(site: Site) -> None:
    assert site.cloud.api("DELETE", f"/accounts/{{account}}/access/apps/{site.app}").ok
    assert site.visit().status_code == 200
    assert [row["hostname"] for row in site.cloud.state()["violations"]] == [site.host]


@pytest.mark.parametrize(
    ("include", "opens"),
    [
        ([{"email_domain": {"domain": "example.com"}}], True),
        ([{"email_domain": {"domain": "ample.com"}}], False),
        ([{"everyone": {}}], True),
        ([{"email": {"email": BOB}}], False),
        ([{"ip": {"ip": "127.0.0.0/8"}}], True),
        ([{"ip": {"ip": "192.0.2.0/24"}}], False),
    ],
)
def test_rules(site: Site, include: list[Any], opens: bool) -> None:
    policy = {"name": "p", "decision": "allow", "include": include}
    body = {"type": "self_hosted", "name": "x", "domain": site.host, "policies": [policy]}
    assert site.cloud.api("PUT", f"/accounts/{{account}}/access/apps/{site.app}", json=body).ok
    assert bool(site.cloud.sign_in(ALICE, site.host)) is opens


@pytest.mark.parametrize("part", ["require", "exclude"])
def test_require_and_exclude_narrow(site: Site, part: str) -> None:
    policy = {**allow(ALICE, BOB), part: [{"email": {"email": BOB}}]}
    body = {"type": "self_hosted", "name": "x", "domain": site.host, "policies": [policy]}
    assert site.cloud.api("PUT", f"/accounts/{{account}}/access/apps/{site.app}", json=body).ok
    assert bool(site.cloud.sign_in(BOB, site.host)) is (part == "require")
    assert bool(site.cloud.sign_in(ALICE, site.host)) is (part == "exclude")


@pytest.mark.parametrize("part", ["include", "require", "exclude"])
@pytest.mark.parametrize("unknown", [{"group": {"id": "0f0f0f0f-0f0f-0f0f"}}, {"geo": {"country_code": "DE"}}])
def test_a_rule_that_cannot_be_judged_lets_nobody_in(site: Site, part: str, unknown: Any) -> None:
    policy = {**allow(ALICE), part: [unknown]}
    body = {"type": "self_hosted", "name": "x", "domain": site.host, "policies": [policy]}
    assert site.cloud.api("PUT", f"/accounts/{{account}}/access/apps/{site.app}", json=body).ok
    assert site.cloud.sign_in(ALICE, site.host) is None


def test_an_application_over_a_path_protects_no_host(site: Site) -> None:
    assert site.cloud.api("DELETE", f"/accounts/{{account}}/access/apps/{site.app}").ok
    body = {"type": "self_hosted", "name": "x", "domain": f"{site.host}/admin", "policies": []}
    assert site.cloud.api("POST", "/accounts/{account}/access/apps", json=body).ok
    assert site.cloud.state()["unprotected"] == [site.host]
