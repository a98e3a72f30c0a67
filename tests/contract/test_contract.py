"""Every call that the client can make, and every answer of the simulator to it, as Cloudflare's schema has them."""

import base64
import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests

from cloudflare.client import AppSpec, Cloudflare, Email, Ingress, PolicySpec, RecordSpec, errors
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


@pytest.mark.parametrize(
    ("name", "refused"),
    [
        ("no such tunnel", lambda cf, zone: cf.tunnels.get("0" * 32)),
        ("no such application", lambda cf, zone: cf.apps.get("0" * 32)),
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
