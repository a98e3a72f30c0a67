"""API tokens: what each may do, until when, and when it was used last."""

import datetime
import html
import re
import shlex
from typing import Any
from urllib.parse import urlsplit

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from containers.models import Container, Template
from tenants import passwords, tokens
from tenants.mail import links
from tenants.models import ApiToken, AuditEvent, Tenant, User
from tenants.refusal import Refused
from tests.people.conftest import pages

pytestmark = pytest.mark.django_db
URL = "/api/v1/tokens/"


def make(**more: Any) -> Any:
    body = {"email": "alice@example.com", "password": "secret", **more}
    return APIClient().post(URL, body, format="json")


def client(secret: str) -> APIClient:
    found = APIClient()
    found.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    return found


def test_what_is_given_is_kept(owner: User) -> None:
    body = make(name="backup", scope="read", expires_in_days=30).json()
    assert (body["name"], body["scope"]) == ("backup", "read")
    expiry = datetime.datetime.fromisoformat(body["expiry"])
    assert abs(expiry - timezone.now() - datetime.timedelta(days=30)) < datetime.timedelta(minutes=1)
    plain = make().json()
    assert (plain["name"], plain["scope"], plain["expiry"], plain["last_used_at"]) == ("", "write", None, None)
    for wrong in ({"scope": "all"}, {"expires_in_days": 0}, {"expires_in_days": 10**9}, {"name": "x" * 101}):
        assert make(**wrong).json()["code"] == "invalid"


def test_a_lifetime_may_be_bounded(owner: User, settings: Any) -> None:
    settings.TOKEN_MAX_DAYS = 10
    too_long = make(expires_in_days=11)
    assert (too_long.status_code, too_long.json()["code"], too_long.json()["limit"]) == (422, "token_lifetime", 10)
    assert make().json()["expiry"] < (timezone.now() + datetime.timedelta(days=10, minutes=1)).isoformat()
    assert AuditEvent.objects.filter(action="token:create", outcome="refused", reason="token_lifetime").exists()


def test_one_that_reads_changes_nothing(owner: User, tenant: Tenant, template: Template) -> None:
    reader = client(make(scope="read").json()["token"])
    assert reader.get(URL).status_code == 200
    assert reader.options(URL).status_code == 200
    for verb, url, body in [
        ("post", URL, {}),
        ("post", URL, {"email": "alice@example.com", "password": "secret"}),
        ("post", "/api/v1/containers/", {"name": "box", "template": "hello"}),
        ("patch", "/api/v1/me/", {"name": "X"}),
        ("delete", "/api/v1/me/", None),
        ("delete", f"{URL}current/", None),
        ("post", "/api/v1/tenants/acme/leave/", None),
    ]:
        answer = getattr(reader, verb)(url, body, format="json")
        assert (answer.status_code, answer.json()["code"]) == (403, "token_scope"), url
        assert answer["Content-Type"] == "application/problem+json"
    assert (ApiToken.objects.count(), Container.objects.count()) == (1, 0)
    assert AuditEvent.objects.filter(action="token:use", outcome="refused", reason="token_scope").count() == 7


def test_none_wrong_and_old_are_told_apart(owner: User) -> None:
    secret = make(expires_in_days=1).json()["token"]
    assert APIClient().get(URL).json()["code"] == "not_authenticated"
    for wrong in ("x" * 64, secret[:-1] + ("0" if secret[-1] != "0" else "1"), "\xff" * 20, secret.upper()):
        assert client(wrong).get(URL).json()["code"] == "authentication_failed"
    with time_machine.travel(timezone.now() + datetime.timedelta(days=1, minutes=1)):
        assert client(secret).get(URL).json()["code"] == "authentication_failed"
        page = pages(owner).get("/account/tokens/").content.decode()
    assert "expired" in page
    assert client(secret).get(URL).status_code == 200


def test_its_use_is_noted_once_a_minute(owner: User, django_assert_num_queries: Any) -> None:
    api = client(make().json()["token"])
    start = timezone.now()
    seen = []
    for seconds in (0, 30, 59, 62, 70):
        with time_machine.travel(start + datetime.timedelta(seconds=seconds), tick=False):
            api.get(URL)
        used = ApiToken.objects.get().last_used_at
        assert used is not None
        seen.append(round((used - start).total_seconds()))
    assert seen == [0, 0, 0, 62, 62]
    with time_machine.travel(start + datetime.timedelta(seconds=75)), django_assert_num_queries(1):
        client(str(api._credentials["HTTP_AUTHORIZATION"]).split()[1]).get("/api/v1/tenants/unknown/leave/")


def test_by_pages(owner: User, stranger: User) -> None:
    page = pages(owner)
    made = page.post("/account/tokens/", {"name": "<b>ci", "scope": "write", "expires_in_days": ""})
    assert (made.status_code, made["Cache-Control"]) == (201, "no-store")
    secret = made.context["secret"]
    text = made.content.decode()
    assert "<b>ci" not in text
    assert client(secret).get("/api/v1/me/").json()["email"] == "alice@example.com"
    assert secret not in page.get("/account/tokens/").content.decode()
    key = ApiToken.objects.get().token_key
    assert pages(stranger).post(f"/account/tokens/{key}/revoke/").status_code == 404
    assert "was last used" in page.get(f"/account/tokens/{key}/revoke/").content.decode()
    assert client(secret).get("/api/v1/me/").status_code == 200, "to ask is not to revoke"
    assert page.post(f"/account/tokens/{key}/revoke/").status_code == 302
    assert client(secret).get("/api/v1/me/").status_code == 401
    assert "required" in page.post("/account/tokens/", {"name": "", "scope": "write"}).content.decode()


@pytest.mark.parametrize("public", ["", "https://warren.example"])
def test_the_command_beside_a_new_token_works_as_it_stands(
    owner: User, tenant: Tenant, settings: Any, public: str
) -> None:
    settings.PUBLIC_URL = public
    text = pages(owner).post("/account/tokens/", {"name": "ci", "scope": "read"}).content.decode()
    (shown,) = re.findall(r'<pre[^>]* id="curl"[^>]*>(.*?)</pre>', text, re.DOTALL)
    program, flag, header, url = shlex.split(html.unescape(shown))
    assert (program, flag) == ("curl", "-H")
    assert url.startswith(f"{public or 'http://testserver'}/api/")
    name, _, value = header.partition(": ")
    answer = Client().get(urlsplit(url).path, headers={name: value})
    assert (answer.status_code, answer.json()["results"]) == (200, [])


def test_staff_revoke_them_and_see_no_digest(owner: User) -> None:
    secret = make(name="lost").json()["token"]
    staff = Client()
    staff.force_login(User.objects.create_superuser("root@example.com", "secret"))
    row = ApiToken.objects.get()
    url = reverse("admin:tenants_apitoken_changelist")
    assert row.token_key in staff.get(url, {"q": "lost"}).content.decode()
    staff.post(url, {"action": "revoke", "_selected_action": [row.pk]})
    assert client(secret).get(URL).status_code == 401
    event = AuditEvent.objects.get(action="token:revoke")
    assert (event.actor, event.detail["of"]) == ("root@example.com", "alice@example.com")


def test_one_that_another_made_does_not_outlive_it(owner: User) -> None:
    short = make(expires_in_days=2).json()
    for days in (None, 30):
        made = client(short["token"]).post(URL, {"expires_in_days": days}, format="json").json()
        assert made["expiry"] == short["expiry"]
    sooner = client(short["token"]).post(URL, {"expires_in_days": 1}, format="json").json()
    assert sooner["expiry"] < short["expiry"]
    facts = AuditEvent.objects.filter(action="token:create", detail__made_with=short["id"])
    assert facts.count() == 3


def test_one_that_is_revoked_takes_along_what_it_made(owner: User) -> None:
    first, other = make(name="first").json(), make(name="other").json()
    second = client(first["token"]).post(URL, {"name": "second"}, format="json").json()
    third = client(second["token"]).post(URL, {"name": "third"}, format="json").json()
    assert client(other["token"]).delete(f"{URL}{first['id']}/").status_code == 204
    for gone in (first, second, third):
        assert client(gone["token"]).get(URL).status_code == 401
    assert client(other["token"]).get(URL).status_code == 200
    assert AuditEvent.objects.filter(action="token:revoke").count() == 3


def test_one_that_changes_the_password_stays_and_what_made_it_goes(owner: User) -> None:
    first = make(name="first").json()
    second = client(first["token"]).post(URL, {"name": "second"}, format="json").json()
    body = {"current_password": "secret", "password": "correct horse battery"}
    assert client(second["token"]).post("/api/v1/me/password/", body, format="json").status_code == 204
    assert [client(one["token"]).get(URL).status_code for one in (first, second)] == [401, 200]


@pytest.mark.parametrize("what", ["password", "account", "maker"])
def test_what_counts_no_more_makes_none_in_the_last_moment(owner: User, what: str) -> None:
    """Two requests at once: this one was let in before the other took away what it came with."""
    maker, _ = tokens.create(actor=owner)
    came_in = User.objects.get(pk=owner.pk)
    if what == "password":
        passwords.reset(links.password(owner), "correct horse battery")
    elif what == "account":
        User.objects.filter(pk=owner.pk).update(is_active=False)
    else:
        tokens.revoke(maker, actor=owner)
    before = ApiToken.objects.count()
    with pytest.raises(Refused) as refused:
        tokens.create(actor=came_in, maker=maker if what == "maker" else None)
    assert (refused.value.code, ApiToken.objects.count()) == ("authentication_failed", before)
    assert AuditEvent.objects.filter(action="token:create", outcome="refused").count() == 1
