"""How often may be asked: of each person, of each address, of what is costly; and said on every answer."""

import re
import secrets
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.test import Client
from rest_framework.test import APIClient

from config import throttling
from tenants.models import ApiToken, AuditEvent, Tenant, User

pytestmark = pytest.mark.django_db
URL = "/api/v1/containers/"
FIELD = re.compile(r'"default";r=(\d+);t=(\d+)')


@pytest.fixture
def rates(settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of people whom nobody has counted yet, whatever ran before."""
    settings.API_RATE, settings.API_COSTLY_RATE = "5/60", "2/30"
    run = secrets.token_hex(4)
    counted = throttling.RateLimitItemPerSecond
    monkeypatch.setattr(
        throttling, "RateLimitItemPerSecond", lambda amount, seconds, name: counted(amount, seconds, f"{name}-{run}")
    )


def client_of(user: User) -> APIClient:
    client = APIClient()
    client.force_authenticate(user)
    return client


def test_every_answer_says_what_is_left(rates: None, owner: User, tenant: Tenant) -> None:
    api = client_of(owner)
    for left in (4, 3, 2, 1, 0):
        answer = api.get(URL)
        assert answer.status_code == 200
        assert answer["RateLimit-Policy"] == '"default";q=5;w=60'
        found = FIELD.fullmatch(answer["RateLimit"])
        assert found
        assert int(found[1]) == left
        assert 50 <= int(found[2]) <= 60
    refused = api.get(URL)
    assert (refused.status_code, refused.json()["code"]) == (429, "throttled")
    assert refused["Content-Type"] == "application/problem+json"
    assert 50 <= int(refused["Retry-After"]) <= 60
    assert refused["Retry-After"] in refused.json()["detail"]
    assert FIELD.fullmatch(refused["RateLimit"])


@pytest.mark.parametrize(("method", "path"), [("POST", "rename/"), ("PATCH", "")])
def test_what_makes_work_outside_is_costly(rates: None, owner: User, method: str, path: str) -> None:
    answer = client_of(owner).generic(method, f"{URL}00000000-0000-0000-0000-000000000000/{path}")
    assert '"costly";q=2' in answer["RateLimit-Policy"]


def test_people_do_not_meet(rates: None, owner: User, stranger: User) -> None:
    for _ in range(6):
        last = client_of(owner).get(URL)
    assert last.status_code == 429
    assert client_of(stranger).get(URL).status_code == 200


def test_what_is_costly_is_counted_twice(rates: None, owner: User, tenant: Tenant) -> None:
    api = client_of(owner)
    for left in (1, 0):
        answer = api.post(URL, {}, format="json")
        assert answer.status_code == 400
        assert answer["RateLimit-Policy"] == '"default";q=5;w=60, "costly";q=2;w=30'
        assert f'"costly";r={left};t=' in answer["RateLimit"]
    refused = api.post(URL, {}, format="json")
    assert refused.status_code == 429
    assert int(refused["Retry-After"]) <= 30
    assert api.get(URL).status_code == 200, "the rest goes on"


NOBODYS = "/api/v1/containers/00000000-0000-0000-0000-000000000000/"
COSTLY = [
    *(f"POST {NOBODYS}{verb}/" for verb in ("start", "stop", "restart", "retry", "rename", "recreate", "duplicate")),
    *(f"POST {NOBODYS}{verb}/" for verb in ("exports", "imports")),
    f"PATCH {NOBODYS}",
    f"DELETE {NOBODYS}",
    *(f"POST /api/v1/{path}/" for path in ("containers", "tokens", "tenants", "tenants/acme/invitations")),
    *(f"POST /api/v1/{path}/" for path in ("invitations/accept", "sign-up/confirm", "password-reset/confirm")),
    "GET /api/v1/audit/export/",
]


@pytest.mark.parametrize("asked", COSTLY)
def test_all_of_this_is_costly(rates: None, owner: User, tenant: Tenant, asked: str) -> None:
    method, path = asked.split()
    answer = client_of(owner).generic(method, path, "{}", content_type="application/json")
    assert '"costly"' in answer["RateLimit-Policy"]


@pytest.mark.parametrize("path", [URL, "/api/v1/nowhere/", "/api/schema/"])
def test_who_has_not_signed_in_is_counted_by_address(rates: None, path: str) -> None:
    heard = [Client().get(path) for _ in range(6)]
    assert [answer.status_code for answer in heard].count(429) == 1
    assert heard[-1].json()["code"] == "throttled"
    assert heard[-1]["Retry-After"]
    assert all("RateLimit" in answer.headers for answer in heard)
    assert Client(REMOTE_ADDR="192.0.2.7").get(path).status_code != 429


def test_many_at_once_are_counted_exactly(rates: None, owner: User, settings) -> None:
    settings.API_RATE = "30/60"
    counter = throttling._Counter(settings.REDIS_URL)

    def ask(number: int) -> bool:
        return all(window.admitted for window in counter.spend({"default": "30/60"}, "user-x"))

    with ThreadPoolExecutor(16) as pool:
        assert Counter(pool.map(ask, range(100))) == {True: 30, False: 70}


def test_no_limit_where_none_is_set(rates: None, owner: User, settings) -> None:
    settings.API_RATE = ""
    answer = client_of(owner).get(URL)
    assert answer.status_code == 200
    assert "RateLimit" not in answer.headers


def test_without_redis_everything_passes(
    rates: None, owner: User, settings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    # One that no other test of this process has missed: it is said once in a while, of each.
    settings.REDIS_URL = f"unix://{tmp_path}/redis.sock"
    answers = [client_of(owner).get(URL) for _ in range(8)]
    assert {answer.status_code for answer in answers} == {200}
    assert all("RateLimit" not in answer.headers for answer in answers)
    assert caplog.text.count("Redis is away") == 1


@pytest.mark.parametrize("header", [b"\xb3", b"\x00", b"x" * 16, "ü".encode()])
def test_a_token_that_is_no_text_is_no_token(owner: User, header: bytes) -> None:
    answer = Client().get(URL, HTTP_AUTHORIZATION=f"Bearer {header.decode('latin-1')}")
    assert answer.status_code == 401
    assert not ApiToken.objects.exists()


def test_the_network_of_an_ipv6_client_is_one(rates: None) -> None:
    api = APIClient()
    codes = [api.get(URL, REMOTE_ADDR=f"2001:db8:1:2::{number}").status_code for number in range(6)]
    assert codes == [401] * 5 + [429]
    assert api.get(URL, REMOTE_ADDR="2001:db8:1:3::1").status_code == 401


def test_forms_of_who_has_not_signed_in(rates: None, settings, owner: User) -> None:
    settings.PAGE_RATE = "4/60"
    form, client = {"username": owner.email, "password": "wrong"}, Client()
    assert [client.post(where, form).status_code for where in ("/sign-in/", "/admin/login/") * 2] == [200] * 4
    refused = client.post("/password-reset/", {"email": "x@example.com"})
    assert refused.status_code == 429
    assert 50 <= int(refused["Retry-After"]) <= 60
    assert f"Try again in {refused['Retry-After']} s" in refused.content.decode()
    assert AuditEvent.objects.count() == 4, "and not one more"
    assert client.get("/sign-in/").status_code == 200
    assert client.post("/sign-in/", form, REMOTE_ADDR="192.0.2.7").status_code == 200
    client.force_login(owner)
    assert client.post("/account/", {"name": "Alice A."}).status_code == 302
