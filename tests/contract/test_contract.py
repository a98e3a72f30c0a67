"""Every call that the client can make, and every answer of the simulator to it, as Cloudflare's schema has them."""

import base64
import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests

from cloudflare.client import AppSpec, Cloudflare, Email, Ingress, LoginMethod, PolicySpec, RecordSpec, errors
from tests.contract.openapi import check_answer, check_request, needs_schema
from tests.parts import Cloud

pytestmark = needs_schema
SECRET = base64.b64encode(bytes(32)).decode()


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every call that leaves this process is checked on its way out, and its answer on its way in."""
    calls: list[str] = []
    send = requests.Session.send

    def checked(session: requests.Session, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        parts = urlsplit(request.url or "")
        if not parts.path.startswith("/client/v4/"):  # the simulator's own interface
            return send(session, request, **options)
        path = parts.path.removeprefix("/client/v4")
        body = json.loads(request.body) if request.body else None
        check_request(request.method or "", path, dict(parse_qsl(parts.query)), body)
        response = send(session, request, **{**options, "stream": False})
        response.raw = _Replay(response.content)
        check_answer(request.method or "", path, response.status_code, response.json())
        calls.append(f"{request.method} {path}")
        return response

    monkeypatch.setattr(requests.Session, "send", checked)
    return calls


class _Replay:
    """The body once more, for whoever reads the raw stream after it was checked."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def read(self, size: int, decode_content: bool) -> bytes:
        return self._content

    def release_conn(self) -> None:
        self._content = b""


def test_every_call_of_the_client(cloud: Cloud, seen: list[str]) -> None:
    cf = Cloudflare(cloud.facts["api"], cloud.facts["token"], cloud.facts["account_id"])
    assert cf.verify_token().active
    zone = cf.zone(cloud.facts["zone_id"])
    assert zone.name() == cloud.facts["domain"]

    tunnel = cf.tunnels.create("warren-x-acme", SECRET)
    assert cf.tunnels.find("warren-x-acme") == tunnel == cf.tunnels.get(tunnel.id)
    assert list(cf.tunnels.all("warren-x-")) == [tunnel]
    assert cf.tunnels.replace_ingress(tunnel.id, [Ingress("http://box:8080", "a-acme.containers.localhost")]) == 1
    assert cf.tunnels.ingress(tunnel.id)[0] == 1
    assert cf.tunnels.connectors(tunnel.id) == []
    cf.tunnels.rotate(tunnel.id, "warren-x-acme", SECRET)
    cf.tunnels.drop_connections(tunnel.id)

    spec = RecordSpec("CNAME", "a-acme.containers.localhost", f"{tunnel.id}.cfargotunnel.com", True, "warren-x")
    record = zone.records.create(spec)
    assert zone.records.find(spec.name) == record
    assert list(zone.records.all("warren-x")) == [record]
    assert zone.records.update(record.id, spec).id == record.id
    assert zone.records.usage() == (1, 200)

    allow = PolicySpec("warren", "allow", (Email("alice@example.com"), Email("bob@example.com")))
    wanted = AppSpec("warren-x a-acme", spec.name, "24h", (allow,))
    app = cf.apps.create(wanted)
    assert wanted.differences(app) == []
    assert cf.apps.get(app.id) == cf.apps.find(spec.name) == app
    assert list(cf.apps.all()) == [app]
    assert wanted.differences(cf.apps.replace(app.id, wanted)) == []
    cf.apps.revoke_tokens(app.id)
    cf.organization.revoke_user("bob@example.com")
    assert cf.logs.access_requests(since=datetime(2026, 1, 1, tzinfo=UTC), limit=10) == []

    cf.apps.delete(app.id)
    zone.records.delete(record.id)
    cf.tunnels.delete(tunnel.id)
    assert len(set(seen)) >= 20


HOST = "a-acme.containers.localhost"
OIDC = dict.fromkeys(("client_id", "client_secret", "auth_url", "token_url", "certs_url"), "x")


def test_every_call_of_the_client_about_people(cloud: Cloud, seen: list[str]) -> None:
    cf = Cloudflare(cloud.facts["api"], cloud.facts["token"], cloud.facts["account_id"])
    (pin,) = cf.identity_providers.all()
    assert (pin.name, pin.type) == ("One-time PIN", "onetimepin")
    assert cf.organization.get().auth_domain == "warren.cloudflareaccess.localhost"
    allow = PolicySpec("warren", "allow", (Email("alice@example.com"),), require=(LoginMethod(pin.id),))
    wanted = AppSpec("warren-x a-acme", HOST, "24h", (allow,), (pin.id,))
    app = cf.apps.create(wanted)
    assert wanted.differences(app) == []
    assert cf.apps.find_by_aud(app.aud) == app
    before = datetime.now(UTC)
    assert cloud.sign_in("alice@example.com", HOST)
    assert cloud.sign_in("bob@example.com", HOST) is None
    alice, bob = sorted(cf.users.all("example.com"), key=lambda user: user.email)
    assert (alice.access_seat, bob.access_seat) == (True, False)
    assert list(cf.users.all(email=alice.email)) == [alice]
    (session,) = cf.users.active_sessions(alice.id)
    assert session.apps == (app.aud,)
    rows = cf.logs.access_requests(before, datetime.now(UTC), 10, "desc")
    assert [(row.email, row.allowed, row.app_uid) for row in rows] == [
        ("bob@example.com", False, app.id),
        ("alice@example.com", True, app.id),
    ]
    assert rows == cf.logs.access_requests(rows[1].created_at)[::-1]
    cf.seats.release([alice.seat_uid])
    assert not any(user.access_seat for user in cf.users.all())
    assert len(set(seen)) == 8


def test_what_the_client_does_not_call(cloud: Cloud, seen: list[str]) -> None:
    """An operator's or a test's calls, to the simulator as to Cloudflare."""

    def call(method: str, path: str, body: Any = None) -> Any:
        answer = cloud.api(method, "/accounts/{account}/access" + path, json=body)
        assert answer.ok, answer.text
        return answer.json()["result"]

    group = {"name": "g", "include": [{"email": {"email": "a@example.com"}}], "is_default": False}
    key = call("POST", "/groups", group)["id"]
    call("GET", "/groups?name=g&search=g&page=1&per_page=10")
    call("GET", f"/groups/{key}")
    call("PUT", f"/groups/{key}", {**group, "require": [{"everyone": {}}]})
    call("DELETE", f"/groups/{key}")
    for body in (
        {"name": "c", "type": "oidc", "config": {**OIDC, "claims": ["teams"], "scopes": ["openid"]}},
        {"name": "p", "type": "onetimepin", "config": {}},
    ):
        key = call("POST", "/identity_providers", body)["id"]
        call("GET", f"/identity_providers/{key}")
        call("PUT", f"/identity_providers/{key}", body)
        if body["type"] == "onetimepin":
            call("DELETE", f"/identity_providers/{key}")
        else:
            company = key
    call("GET", "/identity_providers?page=1&per_page=10&scim_enabled=false")
    call("PUT", "/organizations", {"name": "Acme", "session_duration": "1h", "auto_redirect_to_identity": False})
    policy = {"name": "p", "decision": "allow", "include": [{"everyone": {}}]}
    call("POST", "/apps", {"type": "self_hosted", "name": "x", "domain": HOST, "policies": [policy]})
    assert cloud.sign_in("alice@example.com", HOST, company, {"teams": ["red"]})
    (user,) = call("GET", "/users?name=alice")
    (session,) = call("GET", f"/users/{user['id']}/active_sessions")
    cloud.control("PATCH", "limits", {"max_seats": 0})
    seat = {"seat_uid": user["seat_uid"], "access_seat": False, "gateway_seat": False}
    call("PATCH", "/seats", [seat])
    assert cloud.sign_in("alice@example.com", HOST) is None
    assert len(call("GET", f"/users/{user['id']}/failed_logins")) == 1
    call("GET", f"/users/{user['id']}/active_sessions/{session['metadata']['nonce']}")
    call("GET", f"/users/{user['id']}/last_seen_identity")
    call("GET", f"/logs/access_requests?email=alice&email_exact=false&user_id={user['id']}&per_page=5")
    call("POST", "/organizations/revoke_user?devices=false", {"email": "alice@example.com", "devices": False})
    assert len(seen) >= 20


@pytest.mark.parametrize(
    ("name", "refused"),
    [
        ("no such tunnel", lambda cf, zone: cf.tunnels.get("0" * 32)),
        ("no such application", lambda cf, zone: cf.apps.get("0" * 32)),
        ("no such user", lambda cf, zone: cf.users.active_sessions("0" * 32)),
        ("no such seat", lambda cf, zone: cf.seats.release(["0" * 32])),
        ("too much of the log", lambda cf, zone: cf.logs.access_requests(limit=100_000)),
        ("no such record", lambda cf, zone: zone.records.delete("0" * 32)),
        ("a short secret", lambda cf, zone: cf.tunnels.create("short", base64.b64encode(b"short").decode())),
        (
            "a record outside the zone's rules",
            lambda cf, zone: zone.records.create(RecordSpec("CNAME", "x", "1.cfargotunnel.com", False)),
        ),
    ],
)
def test_refusals_have_the_schemas_shape_too(cloud: Cloud, seen: list[str], name: str, refused: Any) -> None:
    cf = Cloudflare(cloud.facts["api"], cloud.facts["token"], cloud.facts["account_id"])
    with pytest.raises(errors.ApiError):
        refused(cf, cf.zone(cloud.facts["zone_id"]))
    assert len(seen) == 1
