"""The API half refuses what Cloudflare refuses, with Cloudflare's status and code."""

import base64
from typing import Any

import pytest

from tests.parts import Cloud

APPS, TUNNELS, RECORDS = (
    "/accounts/{account}/access/apps",
    "/accounts/{account}/cfd_tunnel",
    "/zones/{zone}/dns_records",
)
SECRET = base64.b64encode(bytes(32)).decode()
HOST = "box.containers.localhost"


def app(**more: Any) -> dict[str, Any]:
    return {"type": "self_hosted", "name": "box", "domain": HOST, **more}


def policy(include: Any, **more: Any) -> dict[str, Any]:
    return {"name": "p", "decision": "allow", "include": include, **more}


EMAIL = {"email": {"email": "alice@example.com"}}


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("POST", TUNNELS, {"name": "t", "tunnel_secret": base64.b64encode(b"short").decode()}, 400, None),
        ("POST", TUNNELS, {"name": "t", "tunnel_secret": "not base64!"}, 400, None),
        ("POST", TUNNELS, {"tunnel_secret": SECRET}, 400, None),
        ("POST", TUNNELS, None, 400, None),
        ("GET", f"{TUNNELS}/00000000-0000-0000-0000-000000000000", None, 404, 1000),
        ("POST", APPS, app(domain="no spaces allowed.example"), 400, 12130),
        ("POST", APPS, app(domain="x" * 60 + ".containers.localhost"), 400, 12130),
        ("POST", APPS, app(session_duration="a day"), 400, 12130),
        ("POST", APPS, app(type="saas"), 400, 12130),
        ("POST", APPS, app(policies=[policy([])]), 400, 12130),
        ("POST", APPS, app(policies=[policy([{"email": {"$in": ["a@example.com"]}}])]), 400, 12130),
        ("POST", APPS, app(policies=[policy([{"emails": {"email": "a@example.com"}}])]), 400, 12130),
        ("POST", APPS, app(policies=[policy([{**EMAIL, "everyone": {}}])]), 400, 12130),
        ("POST", APPS, app(policies=[policy([EMAIL], decision="maybe")]), 400, 12130),
        ("POST", APPS, app(policies=[policy([EMAIL], precedence=1)] * 2), 400, 12130),
        ("POST", APPS, app(policies=[policy([EMAIL] * 1001)]), 400, 12130),
        ("GET", f"{APPS}/nothing", None, 404, None),
        ("POST", RECORDS, {"type": "CNAME", "name": "box", "content": "box.containers.localhost"}, 400, None),
        ("POST", RECORDS, {"type": "A", "name": "box", "content": "not an address"}, 400, 9005),
        ("POST", RECORDS, {"type": "A", "name": "bad name", "content": "192.0.2.1"}, 400, None),
        ("POST", RECORDS, {"type": "A", "name": "box", "content": "192.0.2.1", "ttl": 5}, 400, 9021),
        ("DELETE", f"{RECORDS}/0123", {}, 404, 81044),
        ("GET", "/accounts/another/access/apps", None, 403, 10000),
        ("GET", "/zones/another/dns_records", None, 403, 10000),
        ("GET", "/no/such/call", None, 404, 7003),
    ],
)
def test_refusals(cloud: Cloud, method: str, path: str, body: Any, status: int, code: int | None) -> None:
    answer = cloud.api(method, path, json=body)
    envelope = answer.json()
    assert answer.status_code == status, envelope
    assert envelope["success"] is False
    assert envelope["errors"][0]["message"]
    assert code is None or envelope["errors"][0]["code"] == code
    assert cloud.state()["apps"] == cloud.state()["tunnels"] == cloud.state()["records"] == {}


def test_a_wrong_token_is_refused(cloud: Cloud) -> None:
    assert cloud.api("GET", APPS, token="wrong").status_code == 403


@pytest.mark.parametrize(
    "ingress",
    [
        [],
        [{"hostname": HOST, "service": "http://box:80"}],
        [{"service": "http_status:404"}, {"hostname": HOST, "service": "http://box:80"}],
        [{"hostname": HOST, "service": "box:80"}, {"service": "http_status:404"}],
        [{"hostname": "not a host", "service": "http://box:80"}, {"service": "http_status:404"}],
        "rubbish",
    ],
)
def test_an_ingress_must_be_whole(cloud: Cloud, ingress: Any) -> None:
    made = cloud.api("POST", TUNNELS, json={"name": "t", "tunnel_secret": SECRET}).json()["result"]["id"]
    answer = cloud.api("PUT", f"{TUNNELS}/{made}/configurations", json={"config": {"ingress": ingress}})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, 1056)


def test_names_are_unique_among_the_living(cloud: Cloud) -> None:
    body = {"name": "t", "tunnel_secret": SECRET}
    made = cloud.api("POST", TUNNELS, json=body).json()["result"]["id"]
    second = cloud.api("POST", TUNNELS, json=body)
    assert (second.status_code, second.json()["errors"][0]["code"]) == (409, 1013)
    assert cloud.api("DELETE", f"{TUNNELS}/{made}").ok
    assert cloud.api("GET", f"{TUNNELS}/{made}").json()["result"]["deleted_at"]
    assert cloud.api("POST", TUNNELS, json=body).ok
    assert len(cloud.api("GET", TUNNELS, params={"is_deleted": "false"}).json()["result"]) == 1


@pytest.mark.parametrize(
    ("first", "second", "code"),
    [
        ({"type": "CNAME", "content": "a.example.com"}, {"type": "CNAME", "content": "b.example.com"}, 81053),
        ({"type": "A", "content": "192.0.2.1"}, {"type": "CNAME", "content": "b.example.com"}, None),
        ({"type": "A", "content": "192.0.2.1"}, {"type": "A", "content": "192.0.2.1"}, None),
    ],
)
def test_a_name_has_one_cname(cloud: Cloud, first: Any, second: Any, code: int | None) -> None:
    assert cloud.api("POST", RECORDS, json={"name": "box", **first}).ok
    answer = cloud.api("POST", RECORDS, json={"name": "box", **second})
    assert answer.status_code == 400
    assert code is None or answer.json()["errors"][0]["code"] == code


def test_one_application_a_domain(cloud: Cloud) -> None:
    assert cloud.api("POST", APPS, json=app()).status_code == 201
    assert cloud.api("POST", APPS, json=app()).json()["errors"][0]["code"] == 11010


def test_limits_of_the_account(cloud: Cloud) -> None:
    cloud.control("PATCH", "limits", {"record_quota": 1, "max_apps": 1, "max_tunnels": 1})
    for path, bodies in (
        (APPS, [app(), app(domain="b.containers.localhost")]),
        (TUNNELS, [{"name": name, "tunnel_secret": SECRET} for name in "ab"]),
        (RECORDS, [{"type": "A", "name": name, "content": "192.0.2.1"} for name in "ab"]),
    ):
        first, second = (cloud.api("POST", path, json=body) for body in bodies)
        assert first.ok
        assert second.status_code == 400


def test_the_limit_of_calls(cloud: Cloud) -> None:
    cloud.control("PATCH", "limits", {"calls": 5})
    answers = [cloud.api("GET", APPS) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert int(answers[-1].headers["Retry-After"]) > 200
    cloud.control("PATCH", "limits", {"calls": 1200})


def test_pages(cloud: Cloud) -> None:
    for number in range(7):
        assert cloud.api("POST", TUNNELS, json={"name": f"t{number}", "tunnel_secret": SECRET}).ok
    seen = []
    for page in (1, 2, 3):
        body = cloud.api("GET", TUNNELS, params={"per_page": 3, "page": page}).json()
        seen += [row["name"] for row in body["result"]]
        assert body["result_info"]["total_count"] == 7
        assert body["result_info"]["count"] == len(body["result"])
    assert seen == [f"t{number}" for number in range(7)]
    for rubbish in ({"per_page": "0"}, {"page": "-1"}, {"per_page": "x"}, {"per_page": "100000"}):
        assert cloud.api("GET", TUNNELS, params=rubbish).status_code in {200, 400}


@pytest.mark.parametrize("kind", ["lost", "dropped"])
def test_a_broken_answer_leaves_the_work_done_or_undone(cloud: Cloud, kind: str) -> None:
    import requests

    cloud.fault(kind=kind, method="POST", times=1)
    with pytest.raises(requests.ConnectionError):
        cloud.api("POST", APPS, json=app())
    assert len(cloud.state()["apps"]) == (1 if kind == "lost" else 0)


@pytest.mark.parametrize("body", [b"{", b"[1,2", b"\xff", b"[" * 100_000, b'"text"', b"[]", b"1"])
def test_rubbish_is_a_refusal(cloud: Cloud, body: bytes) -> None:
    answer = cloud.api("POST", APPS, data=body)
    assert answer.status_code == 400
    assert answer.json()["success"] is False


def test_the_control_interface_wants_its_token(cloud: Cloud) -> None:
    import requests

    for headers in ({}, {"Authorization": "Bearer wrong"}):
        answer = requests.get(f"{cloud.facts['edge']}/_simulator/state", headers=headers, timeout=5)
        assert answer.status_code in {401, 403}
    shown = str(cloud.state())
    assert cloud.facts["token"] not in shown
    assert "PRIVATE KEY" not in shown


def test_the_page_shows_what_exists_and_escapes_it(cloud: Cloud) -> None:
    assert cloud.api("POST", APPS, json=app(name="<script>alert(1)</script>")).ok
    import requests

    text = requests.get(cloud.facts["edge"] + "/", timeout=5).text
    assert HOST in text
    assert "<script>alert" not in text
    assert cloud.facts["token"] not in text
