"""The simulated internet: who gets through to the container, with what, and who does not."""

import base64
import json
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
import requests

from tests.parts import Cloud, wait_until
from tests.simulator.parts import Site, allow, connector, origin, publish

ALICE, BOB = "alice@example.com", "bob@example.com"


@pytest.fixture
def service() -> Iterator[str]:
    with origin() as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def site(cloud: Cloud, service: str, tmp_path: Path) -> Iterator[Site]:
    found = publish(cloud, "box-acme", service, [allow(ALICE)])
    with connector(cloud, tmp_path / "connector", found.token):
        found.wait()
        yield found


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
def test_a_rule_that_cannot_be_judged_lets_nobody_in(site: Site, part: str) -> None:
    unknown = {"group": {"id": "0f0f0f0f-0f0f-0f0f-0f0f-0f0f0f0f0f0f"}}
    policy = {**allow(ALICE), part: [unknown]}
    body = {"type": "self_hosted", "name": "x", "domain": site.host, "policies": [policy]}
    assert site.cloud.api("PUT", f"/accounts/{{account}}/access/apps/{site.app}", json=body).ok
    assert site.cloud.sign_in(ALICE, site.host) is None


def test_an_application_over_a_path_protects_no_host(site: Site) -> None:
    assert site.cloud.api("DELETE", f"/accounts/{{account}}/access/apps/{site.app}").ok
    body = {"type": "self_hosted", "name": "x", "domain": f"{site.host}/admin", "policies": []}
    assert site.cloud.api("POST", "/accounts/{account}/access/apps", json=body).ok
    assert site.cloud.state()["unprotected"] == [site.host]


def test_streams_stay_streams(site: Site) -> None:
    cookie = site.cloud.sign_in(ALICE, site.host)
    headers = {"Host": site.host, "Cookie": cookie}
    with requests.get(f"{site.cloud.facts['edge']}/events", headers=headers, stream=True, timeout=10) as answer:
        assert answer.raw.read1(1024) == b"data: 0\n\n"
        assert answer.raw.read() == b"data: 1\n\ndata: 2\n\n"


def test_50_megabytes_each_way(site: Site) -> None:
    size = 50_000_000
    assert len(site.visit(f"/large?{size}", email=ALICE).content) == size
    assert site.visit("/", email=ALICE, method="POST", data=b"y" * size).json()["length"] == size


def test_a_websocket_is_a_pipe_and_outlives_a_revoked_session(cloud: Cloud, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        site = publish(cloud, "ws-acme", f"http://127.0.0.1:{listener.getsockname()[1]}", [allow(ALICE)])
        with connector(cloud, tmp_path / "c", site.token), socket.socket() as visitor:
            site.wait()
            visitor.settimeout(10)
            visitor.connect(("127.0.0.1", int(cloud.edge_port)))
            cookie = cloud.sign_in(ALICE, site.host)
            head = f"GET /s HTTP/1.1\r\nHost: {site.host}\r\nCookie: {cookie}\r\n"
            visitor.sendall(f"{head}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n".encode())
            listener.settimeout(10)
            backend, _ = listener.accept()
            with backend:
                backend.settimeout(10)
                asked = b""
                while not asked.endswith(b"\r\n\r\n"):
                    asked += backend.recv(65536)
                assert b"Upgrade: websocket" in asked
                backend.sendall(b"HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello")
                got = b""
                while not got.endswith(b"hello"):
                    got += visitor.recv(65536)
                assert cloud.api("POST", f"/accounts/{{account}}/access/apps/{site.app}/revoke_tokens").ok
                visitor.sendall(b"still here")
                assert backend.recv(65536) == b"still here"


def test_without_a_connector_it_is_1033(cloud: Cloud) -> None:
    site = publish(cloud, "lonely-acme", "http://127.0.0.1:1", [allow(ALICE)])
    answer = site.visit(email=ALICE)
    assert answer.status_code == 530
    assert "1033" in answer.text


def test_without_a_container_it_is_502(cloud: Cloud, tmp_path: Path) -> None:
    site = publish(cloud, "gone-acme", "http://127.0.0.1:1", [allow(ALICE)])
    with connector(cloud, tmp_path / "c", site.token):
        site.wait()
        assert site.visit(email=ALICE).status_code == 502


def test_a_killed_connector_is_noticed_and_comes_back(cloud: Cloud, service: str, tmp_path: Path) -> None:
    site = publish(cloud, "box-acme", service, [allow(ALICE)])
    with connector(cloud, tmp_path / "one", site.token) as process:
        site.wait()
        os.killpg(process.pid, signal.SIGKILL)
        wait_until(lambda: site.visit(email=ALICE).status_code == 530)
    with connector(cloud, tmp_path / "two", site.token):
        site.wait()
        assert site.visit(email=ALICE).status_code == 200


def test_a_rotated_token_is_refused_and_running_connectors_stay(site: Site, tmp_path: Path) -> None:
    secret = base64.b64encode(b"another secret of thirty-two bytes").decode()
    path = f"/accounts/{{account}}/cfd_tunnel/{site.tunnel}"
    assert site.cloud.api("PATCH", path, json={"name": "box-acme", "tunnel_secret": secret}).ok
    assert site.visit(email=ALICE).status_code == 200
    with connector(site.cloud, tmp_path / "late", site.token):
        wait_until(lambda: (tmp_path / "late" / "log").read_bytes())
        assert len(site.cloud.state()["tunnels"][site.tunnel]["connectors"]) == 1
        assert not (tmp_path / "late" / "ready").exists()


def test_a_new_ingress_is_in_force_at_once(site: Site) -> None:
    ingress = {"config": {"ingress": [{"service": "http_status:418"}]}}
    path = f"/accounts/{{account}}/cfd_tunnel/{site.tunnel}"
    version = site.cloud.api("PUT", f"{path}/configurations", json=ingress).json()["result"]["version"]

    def reported() -> bool:
        (connector,) = site.cloud.api("GET", f"{path}/connections").json()["result"]
        return bool(connector["config_version"] == version)

    wait_until(reported)
    assert site.visit(email=ALICE).status_code == 418


@pytest.mark.parametrize(
    "rubbish",
    [
        b"\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost box\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: {host}\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: {host}\r\nContent-Length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: {host}\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
)
def test_rubbish_is_refused_and_harms_nobody(site: Site, rubbish: bytes) -> None:
    with socket.create_connection(("127.0.0.1", int(site.cloud.edge_port)), timeout=5) as visitor:
        visitor.sendall(rubbish.replace(b"{host}", site.host.encode()))
        visitor.shutdown(socket.SHUT_WR)
        answer = b""
        while part := visitor.recv(65536):
            answer += part
    assert b" 200 " not in answer.partition(b"\r\n")[0]
    assert site.visit(email=ALICE).status_code == 200
