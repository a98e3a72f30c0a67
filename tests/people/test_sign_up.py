"""Signing up: an address is confirmed before anything is made, and nobody learns who is here."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Barrier
from typing import Any

import pytest
import time_machine
from django.core import signing
from django.db import connection
from django.utils import timezone

from access import sharing
from containers import admission
from containers.models import Template
from tenants.models import AuditEvent, Mail, Membership, Tenant, User
from tests.people.conftest import PASSWORD, api, link, pages, token

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("open_registration")]
URL = "/api/v1/sign-up/"
Delivered = Callable[[], list[Any]]


def confirm(secret: str, **more: str) -> Any:
    body = {"token": secret, "name": "Dora", "password": PASSWORD, "tenant_name": "Dora & Söhne", **more}
    return api().post(f"{URL}confirm/", body, format="json")


def test_the_whole_way_by_pages(delivered: Delivered) -> None:
    client = pages()
    page = client.post("/sign-up/", {"email": "Dora@Example.com"}, follow=True)
    assert "on its way" in page.content.decode()
    assert (User.objects.count(), Tenant.objects.count()) == (0, 0)
    (message,) = delivered()
    assert message.to == ["dora@example.com"]
    where = link(message)
    asked = client.get(where).content.decode()
    assert "Your address is confirmed" in asked
    assert 'autocomplete="username" value="dora@example.com" readonly' in asked, "for programs that keep passwords"
    assert User.objects.count() == 0, "a program that looks at links makes no account"
    form = {"name": "Dora", "password": PASSWORD, "tenant_name": "Dora & Söhne", "slug": ""}
    assert client.post(where, form).headers["Location"] == "/"
    page = client.get("/")
    assert "Dora &amp; Söhne" in page.content.decode(), "signed in, the tenant in the header"
    membership = Membership.objects.get()
    assert (membership.role, membership.tenant.slug, membership.tenant.plan.code) == ("owner", "dorasohne", "free")
    done = AuditEvent.objects.filter(outcome="done").order_by("pk").values_list("action", "actor")
    assert list(done) == [
        ("user:sign_up_ask", ""),
        ("tenant:create", "dora@example.com"),
        ("user:sign_up", "dora@example.com"),
        ("user:sign_in", "dora@example.com"),
    ]
    again = pages()
    page = again.get(where, follow=True)
    assert page.redirect_chain == [("/sign-in/", 302)]
    assert "sign in" in page.content.decode()
    assert again.post(where, form).headers["Location"] == "/sign-in/"
    assert User.objects.count() == 1


def test_the_answer_tells_nothing_and_the_mail_does(owner: User, delivered: Delivered) -> None:
    answers = [api().post(URL, {"email": email}, format="json") for email in ("ALICE@example.com", "dora@example.com")]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[0].json() == answers[1].json()
    known, new = delivered()
    assert "There is an account with it already" in known.body
    assert link(known) == "/sign-in/"
    assert link(new).startswith("/sign-up/")


def test_a_closed_account_is_told_in_its_mail(owner: User, delivered: Delivered) -> None:
    owner.is_active = False
    owner.save()
    api().post(URL, {"email": owner.email}, format="json")
    assert "is closed" in delivered()[0].body


def test_over_the_api(delivered: Delivered) -> None:
    api().post(URL, {"email": "dora@example.com"}, format="json")
    made = confirm(token(delivered()[0]), slug="dora")
    assert made.status_code == 201, made.content
    assert made.json()["tenants"] == [{"slug": "dora", "name": "Dora & Söhne", "role": "owner"}]
    used = confirm(token(delivered()[0]), slug="other")
    assert (used.status_code, used.json()["code"]) == (409, "link_used")
    key = api().post("/api/v1/tokens/", {"email": "dora@example.com", "password": PASSWORD}, format="json")
    assert key.status_code == 201


def test_links_that_are_old_forged_or_for_something_else(delivered: Delivered) -> None:
    api().post(URL, {"email": "dora@example.com"}, format="json")
    good = token(delivered()[0])
    forged = signing.dumps("dora@example.com", salt="tenants.invitation")
    for bad in ("x", good[:-1], f"a{good}", forged, signing.dumps("dora@example.com"), "é" * 200):
        answer = confirm(bad)
        assert (answer.status_code, answer.json()["code"]) == (422, "link_invalid"), bad
    with time_machine.travel(timezone.now() + timezone.timedelta(hours=24, minutes=1)):
        assert confirm(good).json()["code"] == "link_expired"
        page = pages().get(link(delivered()[0]), follow=True)
        assert page.redirect_chain == [("/sign-up/", 302)]
        assert "too old" in page.content.decode()
    assert User.objects.count() == 0
    assert confirm(good).status_code == 201


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"password": "12345678"}, "password_weak"),
        ({"password": "dora@example.com"}, "password_weak"),
        ({"password": "x" * 1025}, "invalid"),
        ({"slug": "www"}, "slug_reserved"),
        ({"slug": "Not-A-Slug"}, "slug_invalid"),
        ({"slug": "acme"}, "slug_taken"),
        ({"slug": "a" * 21}, "invalid"),
        ({"name": "Dora\u202eevil"}, "name_invalid"),
        ({"name": "x" * 151}, "invalid"),
        ({"name": "See https://evil.example"}, "name_invalid"),
        ({"tenant_name": "Acme\u0007"}, "name_invalid"),
        ({"tenant_name": " "}, "invalid"),
    ],
)
def test_what_is_wrong_is_told_and_nothing_is_made(
    tenant: Tenant, delivered: Delivered, given: dict[str, str], code: str
) -> None:
    api().post(URL, {"email": "dora@example.com"}, format="json")
    answer = confirm(token(delivered()[0]), **given)
    assert (answer.json()["code"], User.objects.count(), Tenant.objects.count()) == (code, 1, 1)
    if code != "invalid":
        refused = AuditEvent.objects.get(action="user:sign_up", outcome="refused")
        assert refused.reason == code


def test_a_name_of_several_lines_becomes_one(delivered: Delivered) -> None:
    api().post(URL, {"email": "dora@example.com"}, format="json")
    made = confirm(token(delivered()[0]), name="Dora\r\nBcc: all", tenant_name="Win\nSubject: x")
    assert made.status_code == 201
    assert User.objects.get().name == "Dora Bcc: all"
    assert Tenant.objects.get().name == "Win Subject: x"


@pytest.mark.parametrize(
    "email", ["", "x", "a@b", "a\n@example.com", "a@example.com\nBcc: b@example.com", "a" * 250 + "@x.de"]
)
def test_what_is_no_address_gets_no_mail(email: str) -> None:
    assert api().post(URL, {"email": email}, format="json").status_code == 400
    assert pages().post("/sign-up/", {"email": email}).status_code == 200
    assert Mail.objects.count() == 0


def test_closed_means_closed(settings: Any, owner: User, tenant: Tenant, delivered: Delivered) -> None:
    api().post(URL, {"email": "dora@example.com"}, format="json")
    early = token(delivered()[0])
    settings.REGISTRATION_OPEN = False
    assert api().post(URL, {"email": "erik@example.com"}, format="json").status_code == 202, "as to a guest"
    assert pages().post("/sign-up/", {"email": "e@example.com"}).headers["Location"] == "/sign-in/"
    assert len(delivered()) == 1, "and no mail"
    assert set(Mail.objects.exclude(to="dora@example.com").values_list("state", flat=True)) == {"dropped"}
    late = pages().get(f"/sign-up/{early}/")
    assert late.status_code == 403, "before anything is filled in"
    assert "Nobody can sign up here by themselves" in late.content.decode()
    assert confirm(early).json()["code"] == "registration_closed"
    assert api(owner).post("/api/v1/tenants/", {"name": "Two"}, format="json").json()["code"] == "registration_closed"
    assert "Nobody can make tenants here by themselves" in pages(owner).get("/tenants/new/").content.decode()
    assert "Sign up" not in pages().get("/sign-in/").content.decode()
    assert AuditEvent.objects.filter(outcome="refused", reason="registration_closed").count() == 2
    assert (User.objects.count(), Tenant.objects.count()) == (1, 1)


@pytest.fixture
def guest(owner: User, tenant: Tenant, template: Template, memory: Any, zone: Any) -> str:
    """An address that alice shares a container with, and that nobody has an account with."""
    box = admission.create(actor=owner, tenant=tenant, template=template, name="box")
    (grant,) = sharing.share(box, actor=owner, emails=["gina@example.com"], permission="view")
    return grant.email


def test_a_guest_signs_up_where_it_is_closed(settings: Any, guest: str, delivered: Delivered) -> None:
    settings.REGISTRATION_OPEN = False
    asked = [api().post(URL, {"email": email}, format="json") for email in ("Gina@example.com", "erik@example.com")]
    assert (asked[0].status_code, asked[0].json()) == (asked[1].status_code, asked[1].json()), "nobody learns who"
    (message,) = delivered()
    assert message.to == [guest]
    client, where = pages(), link(message)
    form = client.get(where)
    assert "Your address is confirmed" in form.content.decode()
    assert "tenant" not in "".join(form.context["form"].fields)
    assert confirm(token(message)).json()["code"] == "registration_closed", "with a tenant of their own"
    signed_in = client.post(where, {"name": "Gina", "password": PASSWORD}, follow=True)
    assert [to for to, _ in signed_in.redirect_chain] == ["/", "/shared/"]
    assert "box" in signed_in.content.decode()
    assert not Membership.objects.filter(user__email=guest).exists()
    assert AuditEvent.objects.get(action="user:sign_up", outcome="done").actor == guest


def test_over_the_api_a_guest_needs_no_tenant(guest: str, delivered: Delivered) -> None:
    for email in (guest, "dora@example.com"):
        api().post(URL, {"email": email}, format="json")
    body = {"name": "Gina", "password": PASSWORD}
    secrets = [token(message) for message in delivered()]
    made, refused = (api().post(f"{URL}confirm/", {"token": each, **body}, format="json") for each in secrets)
    assert (made.status_code, made.json()["tenants"]) == (201, [])
    assert (refused.status_code, refused.json()["field"]) == (422, "tenant_name")


def test_without_mail_nobody_waits_for_one(settings: Any) -> None:
    settings.EMAIL_URL = ""
    answer = api().post(URL, {"email": "dora@example.com"}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (503, "mail_off")
    assert pages().post("/sign-up/", {"email": "dora@example.com"}).status_code == 503


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_one_link_used_at_the_same_moment_makes_one_account(delivered: Delivered) -> None:
    api().post(URL, {"email": "dora@example.com"}, format="json")
    secret, together = token(delivered()[0]), Barrier(4)

    def use(number: int) -> int:
        with closing(connection):
            together.wait()
            return int(confirm(secret, slug=f"dora{number}").status_code)

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(use, range(4))) == [201, 409, 409, 409]
    assert (User.objects.count(), Tenant.objects.count()) == (1, 1)


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_one_slug_asked_for_at_the_same_moment_goes_to_one(delivered: Delivered) -> None:
    for number in range(3):
        api().post(URL, {"email": f"d{number}@example.com"}, format="json")
    secrets, together = [token(message) for message in delivered()], Barrier(3)

    def use(secret: str) -> str:
        with closing(connection):
            together.wait()
            return str(confirm(secret, slug="same").json().get("code"))

    with ThreadPoolExecutor(3) as pool:
        assert sorted(pool.map(use, secrets)) == ["None", "slug_taken", "slug_taken"]
    assert (User.objects.count(), Tenant.objects.count()) == (1, 1)
