"""Who signs in by what: identity providers, groups, users with their seats and sessions, the access log."""

import json
from typing import Any
from urllib.parse import urlsplit

import jwt
import pytest
import requests

from tests.parts import Cloud

ALICE, BOB, CHARLIE = "alice@example.com", "bob@example.com", "charlie@example.com"
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


def test_a_group_is_followed_by_what_refers_to_it(cloud: Cloud) -> None:
    friends = group(cloud, rule(ALICE), rule(BOB))
    everyone_but_bob = group(cloud, {"group": {"id": friends}}, exclude=[rule(BOB)])
    publish(cloud, {"group": {"id": everyone_but_bob}})
    assert [bool(cloud.sign_in(who, HOST)) for who in (ALICE, BOB, CHARLIE)] == [True, False, False]
    body = {"name": "friends", "include": [rule(CHARLIE)]}
    assert cloud.api("PUT", f"{ACCESS}/groups/{friends}", json=body).ok
    assert [bool(cloud.sign_in(who, HOST)) for who in (ALICE, BOB, CHARLIE)] == [False, False, True]
    circle = {"name": "friends", "include": [{"group": {"id": everyone_but_bob}}]}
    assert cloud.api("PUT", f"{ACCESS}/groups/{friends}", json=circle).status_code == 400
    assert cloud.api("DELETE", f"{ACCESS}/groups/{friends}").status_code == 409
    assert cloud.api("DELETE", f"{ACCESS}/groups/{everyone_but_bob}").status_code == 409
    (app,) = cloud.state()["apps"]
    assert cloud.api("DELETE", f"{ACCESS}/apps/{app}").ok
    for key in (everyone_but_bob, friends):
        assert cloud.api("DELETE", f"{ACCESS}/groups/{key}").status_code == 202
    assert get(cloud, "groups") == []


@pytest.mark.parametrize(
    ("more", "opens"),
    [
        ({"require": [rule(ALICE)]}, {ALICE}),
        ({"exclude": [rule(ALICE)]}, {BOB}),
        ({"exclude": [{"geo": {"country_code": "DE"}}]}, set()),
        ({"require": [{"geo": {"country_code": "DE"}}]}, set()),
    ],
)
def test_a_group_has_all_three_parts(cloud: Cloud, more: Any, opens: set[str]) -> None:
    publish(cloud, {"group": {"id": group(cloud, rule(ALICE), rule(BOB), **more)}})
    assert {who for who in (ALICE, BOB) if cloud.sign_in(who, HOST)} == opens


def test_a_group_of_everyone_counts_as_unprotected(cloud: Cloud) -> None:
    """Also one that becomes it behind the policy's back."""
    friends = group(cloud, rule(ALICE))
    publish(cloud, {"group": {"id": friends}})
    secret = "A" * 43 + "="
    tunnel = cloud.api("POST", "/accounts/{account}/cfd_tunnel", json={"name": "t", "tunnel_secret": secret}).json()
    key = tunnel["result"]["id"]
    rules = [{"hostname": HOST, "service": "http://box:80"}, {"service": "http_status:404"}]
    path = f"/accounts/{{account}}/cfd_tunnel/{key}/configurations"
    assert cloud.api("PUT", path, json={"config": {"ingress": rules}}).ok
    record = {"type": "CNAME", "name": HOST, "content": f"{key}.cfargotunnel.com", "proxied": True}
    assert cloud.api("POST", "/zones/{zone}/dns_records", json=record).ok
    assert cloud.state()["violations"] == []
    body = {"name": "friends", "include": [{"everyone": {}}]}
    assert cloud.api("PUT", f"{ACCESS}/groups/{friends}", json=body).ok
    assert [row["hostname"] for row in cloud.state()["violations"]] == [HOST]


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
    body["allowed_idps"] = ["00000000-0000-0000-0000-000000000000"]
    assert cloud.api("PUT", f"{ACCESS}/apps/{app}", json=body).ok
    assert cloud.visit(TEAM, path).status_code == 403


def test_seats_are_taken_kept_and_given_back(cloud: Cloud) -> None:
    publish(cloud, rule(ALICE), rule(BOB))
    cloud.control("PATCH", "limits", {"max_seats": 1})
    assert cloud.sign_in(CHARLIE, HOST) is None  # and takes none
    assert cloud.sign_in(ALICE, HOST)
    refused = cloud.control("POST", "sessions", {"email": BOB, "host": HOST})
    assert (refused["allowed"], refused["reason"]) == (False, "seats")
    assert [(row["user_email"], row["allowed"]) for row in cloud.state()["access_log"]] == [
        (CHARLIE, False),
        (ALICE, True),
        (BOB, False),
    ]
    assert cloud.sign_in(ALICE, HOST)  # who has one comes and goes
    assert cloud.api("POST", f"{ACCESS}/organizations/revoke_user", json={"email": ALICE}).ok
    (alice,) = get(cloud, "users", email=ALICE.upper())
    assert alice["access_seat"] is True
    assert get(cloud, f"users/{alice['id']}/active_sessions") == []
    seat = {"seat_uid": alice["seat_uid"], "access_seat": False, "gateway_seat": False}
    half = cloud.api("PATCH", f"{ACCESS}/seats", json=[{**seat, "gateway_seat": True}])
    assert half.json()["result"][0]["access_seat"] is True
    assert cloud.api("PATCH", f"{ACCESS}/seats", json=[seat, {**seat, "seat_uid": "x"}]).status_code == 404
    assert get(cloud, "users", email=ALICE)[0]["access_seat"] is True
    freed = cloud.api("PATCH", f"{ACCESS}/seats", json=[seat])
    assert freed.json()["result"][0]["access_seat"] is False
    assert cloud.sign_in(BOB, HOST)
    assert cloud.sign_in(ALICE, HOST) is None
    cloud.control("PATCH", "limits", {"max_seats": 2})
    assert cloud.sign_in(ALICE, HOST)
    assert get(cloud, "users", email=ALICE)[0]["seat_uid"] == alice["seat_uid"]
    (bob,) = get(cloud, "users", search="BOB")
    (failed,) = get(cloud, f"users/{bob['id']}/failed_logins")
    assert failed["metadata"]["user_email"] == BOB


def test_users_are_paged_and_filtered(cloud: Cloud) -> None:
    publish(cloud, {"everyone": {}})
    for number in range(5):
        assert cloud.sign_in(f"p{number}@example.com", HOST)
    answer = cloud.api("GET", f"{ACCESS}/users", params={"per_page": "2", "page": "3"}).json()
    assert [row["email"] for row in answer["result"]] == ["p4@example.com"]
    assert answer["result_info"]["total_count"] == 5
    assert [row["email"] for row in get(cloud, "users", name="p1")] == ["p1@example.com"]
    assert len(get(cloud, "users", search="example.com")) == 5
    assert get(cloud, "users", email="p1") == []


def test_sessions_of_a_person(cloud: Cloud) -> None:
    app = publish(cloud, rule(ALICE), rule(BOB))
    cloud.sign_in(ALICE, HOST)
    cloud.sign_in(BOB, HOST)
    (alice,) = get(cloud, "users", email=ALICE)
    aud = cloud.state()["apps"][app]["aud"]
    (session,) = get(cloud, f"users/{alice['id']}/active_sessions")
    assert session["metadata"]["apps"] == {aud: {"uid": app, "name": "box", "hostname": HOST, "type": "self_hosted"}}
    assert cloud.api("POST", f"{ACCESS}/apps/{app}/revoke_tokens").ok
    (session,) = get(cloud, f"users/{alice['id']}/active_sessions")
    assert session["metadata"]["apps"] == {}
    nonce = session["metadata"]["nonce"]
    assert get(cloud, f"users/{alice['id']}/active_sessions/{nonce}")["email"] == ALICE
    (bob,) = get(cloud, "users", email=BOB)
    assert cloud.api("GET", f"{ACCESS}/users/{bob['id']}/active_sessions/{nonce}").status_code == 404
    cloud.control("POST", "clock", {"seconds": 24 * 3600 + 1})
    assert get(cloud, f"users/{alice['id']}/active_sessions") == []
    assert get(cloud, f"users/{alice['id']}/active_sessions/{nonce}")["isActive"] is False


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


def _rows(cloud: Cloud, **params: str) -> list[str]:
    return [row["ray_id"] for row in get(cloud, "logs/access_requests", **params)]


def test_the_log_is_asked_by_time_and_person(cloud: Cloud) -> None:
    start = cloud.control("POST", "clock", {"seconds": 0})["now"][:17]
    times = [f"{start}{second:02}.5Z" for second in (0, 10, 10, 20)]
    for ray, at, who in ((3, 3, ALICE), (0, 0, ALICE), (1, 1, BOB), (2, 2, "alice@example.com.evil")):
        cloud.control("POST", "log", {"ray_id": str(ray), "created_at": times[at], "user_email": who})
    cloud.control("POST", "clock", {"seconds": 60})
    assert _rows(cloud) == ["3", "2", "1", "0"]
    assert _rows(cloud, direction="asc") == ["0", "1", "2", "3"]
    assert _rows(cloud, direction="asc", limit="3") == ["0", "1", "2"]
    assert _rows(cloud, direction="asc", per_page="2") == ["0", "1"]
    assert _rows(cloud, direction="asc", since=times[1]) == ["1", "2", "3"]
    assert _rows(cloud, direction="asc", until=times[1]) == ["0", "1", "2"]
    assert _rows(cloud, direction="asc", since=times[1], until=times[1], limit="1") == ["1"]
    assert _rows(cloud, email="ALICE@example.com") == ["3", "2", "0"]
    assert _rows(cloud, email=ALICE, email_exact="true") == ["3", "0"]
    assert _rows(cloud, user_id="nobody") == []
    publish(cloud, rule(BOB))
    cloud.sign_in(BOB, HOST)
    (bob,) = get(cloud, "users")
    assert len(_rows(cloud, user_id=bob["id"])) == 2
    answer = cloud.api("GET", f"{ACCESS}/logs/access_requests").json()
    assert set(answer["result"][0]) == {
        *("action", "allowed", "app_domain", "app_uid", "connection"),
        *("created_at", "ip_address", "ray_id", "user_email"),
    }
    refused = requests.post(
        f"{cloud.facts['edge']}/_simulator/log",
        headers={"Authorization": f"Bearer {cloud.facts['token']}"},
        json={"created_at": "yesterday"},
        timeout=5,
    )
    assert refused.status_code == 400


def test_the_log_forgets(cloud: Cloud) -> None:
    publish(cloud, rule(ALICE))
    cloud.sign_in(ALICE, HOST)
    cloud.control("POST", "clock", {"seconds": 24 * 3600 - 60})
    assert len(_rows(cloud)) == 1
    cloud.control("POST", "clock", {"seconds": 120})
    assert _rows(cloud) == []
    cloud.control("PATCH", "limits", {"log_retention": 48 * 3600})
    assert len(_rows(cloud)) == 1


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
