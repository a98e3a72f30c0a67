"""Who is signed in behind Access, for how long, and what is on record of it."""

import datetime
import logging
from typing import Any

import pytest
from django.test import Client

from cloudflare.entrance import people
from cloudflare.models import SigningKey
from tenants.models import ApiToken, AuditEvent, User
from tests.entrance.conftest import HEADER, TEAM, Front, Team, stand, who

FOREVER = datetime.datetime(2100, 1, 1, tzinfo=datetime.UTC)
ALICE, BOB = "alice@example.com", "bob@example.com"


def _record(**where: Any) -> list[tuple[str, str, str, Any]]:
    rows = AuditEvent.objects.filter(**where).order_by("pk")
    return [(row.action, row.outcome, row.actor, row.detail.get("how")) for row in rows]


def test_somebody_new(front: Front) -> None:
    """Gets an account without password and tenant, and one sign-in however often they ask."""
    client, assertion = Client(), front.assertion("Dora@Example.com")
    assert who(client, assertion) == who(client, assertion) == "dora@example.com"
    dora = User.objects.get(email="dora@example.com")
    assert not dora.has_usable_password()
    assert not dora.tenants.exists()
    assert not dora.is_staff
    assert _record() == [
        ("user:sign_up", "done", dora.email, "access"),
        ("user:sign_in", "done", dora.email, "access"),
    ]
    assert client.get("/account/", headers={HEADER: assertion}).status_code == 200
    assert people._open(dora.email) == dora  # by two requests at once


def test_somebody_known(front: Front, owner: User) -> None:
    assert who(Client(), front.assertion("ALICE@example.com")) == owner.email
    assert User.objects.count() == 1
    assert owner.check_password("secret")


def test_what_does_not_count(front: Front, team: Team, caplog: pytest.LogCaptureFixture) -> None:
    """Each is nobody, quietly: no account, no session, nothing on record, and never the token in a log."""
    caplog.set_level(logging.DEBUG, "cloudflare")
    SigningKey.objects.create(team="other.cloudflareaccess.com", kid=team.kid, jwk=team.jwk, seen_at=FOREVER)
    bad = {
        "another application's": stand(front.cloud, "other").assertion(ALICE),
        "another team's key": team.sign(front.audience),
        "cut": front.assertion(ALICE)[:-6],
    }
    front.cloud.control("POST", "clock", {"seconds": -25 * 3600})
    bad["expired"] = front.assertion(ALICE)
    front.cloud.control("POST", "clock", {"seconds": 26 * 3600})
    bad["of tomorrow"] = front.assertion(ALICE)
    SigningKey.objects.create(team=TEAM, kid="mine", jwk=team.jwk, seen_at=FOREVER)
    mine = Team(team.private, "mine")
    bad["another issuer's"] = mine.sign(front.audience, iss="https://other.cloudflareaccess.com")
    bad["a service's"] = mine.sign(front.audience, email=None, common_name="service")
    for words, assertion in bad.items():
        client = Client()
        assert who(client, assertion) == "", words
        assert not client.cookies, words
        assert assertion[-40:] not in caplog.text, words
    assert who(Client(), mine.sign(front.audience)) == ALICE  # it was not the key
    assert set(_record()) == {("user:sign_up", "done", ALICE, "access"), ("user:sign_in", "done", ALICE, "access")}


def test_not_set(front: Front, settings: Any) -> None:
    """The header means nothing, and whoever came by it is out."""
    client, assertion = Client(), front.assertion(ALICE)
    assert who(client, assertion) == ALICE
    settings.ACCESS_AUDIENCE = ""
    assert who(client, assertion) == ""
    assert who(Client(), assertion) == ""


def test_without_the_assertion_it_ends(front: Front) -> None:
    for last in ("", "rubbish"):
        client, assertion = Client(), front.assertion(ALICE)
        assert who(client, assertion) == ALICE
        assert who(client, last) == ""
        assert not client.session.keys()
        assert who(client) == ""
    assert _record(action="user:sign_out") == [("user:sign_out", "done", ALICE, "access")] * 2


def test_two_people_in_one_browser(front: Front, owner: User) -> None:
    client = Client()
    alice, bob = front.assertion(ALICE), front.assertion(BOB)
    assert who(client, alice) == ALICE
    client.get("/account/", headers={HEADER: alice})  # sets the token of forms
    hers, token = client.session.session_key, client.cookies["warren_csrf"].value
    assert BOB in client.get("/account/", headers={HEADER: bob}).content.decode()
    assert client.session.session_key != hers
    assert client.cookies["warren_csrf"].value != token
    client.cookies["warren_session"] = hers
    assert who(client, bob) == BOB  # hers is gone for good
    assert who(client, alice) == ALICE


def test_a_password_comes_first(front: Front, owner: User, stranger: User) -> None:
    """Alice's own session stays, whether or not Access vouches for her; never where it vouches for another."""
    client = Client()
    client.force_login(owner)
    for assertion in ("", "rubbish", front.assertion(ALICE), ""):
        assert who(client, assertion) == ALICE
    assert who(client, front.assertion(stranger.email)) == stranger.email
    assert who(client) == ""


def test_another_account_beside_ones_own(front: Front, owner: User) -> None:
    """Alice opens the edge with her address, and the admin with another."""
    root = User.objects.create_superuser("root@example.com", "secret")
    client, headers = Client(), {HEADER: front.assertion(ALICE)}
    assert who(client, headers[HEADER]) == ALICE
    form = {"username": root.email, "password": "secret"}
    assert client.post("/admin/login/?next=/admin/", form, headers=headers).url == "/admin/"
    assert who(client, headers[HEADER]) == root.email
    assert client.get("/admin/", headers=headers).status_code == 200
    assert who(client) == root.email
    assert who(client, front.assertion(BOB)) == BOB  # somebody else sat down


def test_a_password_for_the_same_account_outlives_the_assertion(front: Front, owner: User) -> None:
    client, headers = Client(), {HEADER: front.assertion(ALICE)}
    assert who(client, headers[HEADER]) == ALICE
    form = {"username": ALICE, "password": "secret"}
    owner.is_staff = True
    owner.save()
    assert client.post("/admin/login/?next=/admin/", form, headers=headers).url == "/admin/"
    assert who(client) == ALICE


def test_switched_off(front: Front, owner: User) -> None:
    client, assertion = Client(), front.assertion(ALICE)
    assert who(client, assertion) == ALICE
    owner.is_active = False
    owner.save()
    for _ in range(3):
        assert who(client, assertion) == ""
        assert who(Client(), assertion) == ""
    refused = AuditEvent.objects.get(action="user:sign_in", outcome="refused")
    assert (refused.reason, refused.target, refused.actor) == ("account_closed", ALICE, "")


def test_another_address_is_another_person(front: Front, owner: User) -> None:
    client, assertion = Client(), front.assertion(ALICE)
    assert who(client, assertion) == ALICE
    owner.email = "alice@elsewhere.example"
    owner.save()
    assert who(client, assertion) == ALICE
    assert User.objects.count() == 2


def test_signing_out(front: Front, owner: User) -> None:
    """Leads out of Access as well: else the next page would sign in again."""
    assertion = front.assertion(ALICE)
    for client in (Client(), Client()):
        assert who(client, assertion) == ALICE
        answer = client.post("/sign-out/", headers={HEADER: assertion})
        assert (answer.status_code, answer.url) == (302, "/cdn-cgi/access/logout")
        assert not client.cookies["warren_session"].value
    assert _record(action="user:sign_out") == [("user:sign_out", "done", ALICE, None)] * 2
    client = Client()
    client.force_login(owner)
    assert client.post("/sign-out/").url == "/sign-in/"
    root = User.objects.create_superuser("root@example.com", "secret")
    client.force_login(root)
    assert client.post("/admin/logout/", headers={HEADER: front.assertion(root.email)}).url == "/cdn-cgi/access/logout"


def test_the_api_wants_a_form_token_as_with_any_session(front: Front, owner: User) -> None:
    client, assertion = Client(enforce_csrf_checks=True), front.assertion(ALICE)
    assert client.get("/account/", headers={HEADER: assertion}).status_code == 200
    change: dict[str, Any] = {"data": {"name": "Alice B."}, "content_type": "application/json"}
    assert client.patch("/api/v1/me/", **change, headers={HEADER: assertion}).status_code == 403
    token = client.cookies["warren_csrf"].value
    answer = client.patch("/api/v1/me/", **change, headers={HEADER: assertion, "X-CSRFToken": token})
    assert (answer.status_code, answer.json()["name"]) == (200, "Alice B.")
    answer = Client(enforce_csrf_checks=True).patch("/api/v1/me/", **change, headers={HEADER: assertion})
    assert answer.status_code == 403


def test_a_token_of_the_api_says_who_asks(front: Front, owner: User, stranger: User) -> None:
    _, token = ApiToken.objects.create(user=stranger)
    client = Client()
    headers = {HEADER: front.assertion(ALICE), "Authorization": f"Bearer {token}"}
    assert client.get("/api/v1/me/", headers=headers).json()["email"] == stranger.email
    assert not client.cookies


def test_probes_and_files_ask_nobody(front: Front, django_assert_num_queries: Any) -> None:
    headers, client = {HEADER: front.assertion(ALICE)}, Client()
    with django_assert_num_queries(0):
        assert client.get("/healthz", headers=headers).status_code == 200
        assert b"".join(client.get("/static/css/warren.css", headers=headers))
    assert not client.cookies
