"""A forgotten password, a changed one, and closing one's account."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from time import sleep
from typing import Any

import pytest
import time_machine
from django.db import connection, transaction
from django.utils import timezone

from tenants import passwords
from tenants.mail import links
from tenants.models import ApiToken, AuditEvent, Mail, Membership, Role, Tenant, User
from tests.conftest import make_tenant
from tests.people.conftest import PASSWORD, api, link, pages, token

pytestmark = pytest.mark.django_db
RESET = "/api/v1/password-reset/"
Delivered = Callable[[], list[Any]]


def test_a_forgotten_password_by_pages(owner: User, delivered: Delivered) -> None:
    elsewhere = pages(owner)
    client = pages()
    client.post("/password-reset/", {"email": "ALICE@example.com"})
    where = link(delivered()[0])
    assert "alice@example.com" in client.get(where).content.decode()
    assert "too short" in client.post(where, {"password": "short"}).content.decode()
    assert client.post(where, {"password": PASSWORD}).headers["Location"] == "/sign-in/"
    assert elsewhere.get("/account/").status_code == 302, "every session has ended"
    assert client.post("/sign-in/", {"username": owner.email, "password": "secret"}).status_code == 200
    assert client.post("/sign-in/", {"username": owner.email, "password": PASSWORD}).status_code == 302
    assert client.get(where).headers["Location"] == "/password-reset/", "it works once"


def test_nobody_learns_who_has_an_account(owner: User, delivered: Delivered) -> None:
    answers = [api().post(RESET, {"email": email}, format="json") for email in ("alice@example.com", "x@example.com")]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[0].json() == answers[1].json()
    assert [message.to for message in delivered()] == [["alice@example.com"]]
    assert sorted(Mail.objects.values_list("state", flat=True)) == ["dropped", "sent"]


def test_the_links_that_do_not_work(owner: User, stranger: User, delivered: Delivered) -> None:
    api().post(RESET, {"email": owner.email}, format="json")
    good = token(delivered()[0])
    key, _, rest = good.partition(".")

    def use(secret: str) -> Any:
        return api().post(f"{RESET}confirm/", {"token": secret, "password": PASSWORD}, format="json")

    for bad in ("x", f"{key}.", f".{rest}", f"{key}.{rest}x", f"OTk5OTk5OTk5OTk5OTk5OTk5OTk5OQ.{rest}", f"_w.{rest}"):
        assert use(bad).json()["code"] == "link_invalid", bad
    with time_machine.travel(timezone.now() + timezone.timedelta(hours=24, minutes=1)):
        assert use(good).json()["code"] == "link_invalid"
    owner.is_active = False
    owner.save()
    assert use(good).json()["code"] == "link_invalid"
    owner.is_active = True
    owner.save()
    assert use(good).status_code == 204
    assert use(good).json()["code"] == "link_invalid"
    assert AuditEvent.objects.filter(action="user:password_reset", outcome="refused").count() == 9


def test_a_change_ends_every_other_session(owner: User) -> None:
    here, elsewhere = pages(owner), pages(owner)
    wrong = here.post("/account/password/", {"current_password": "wrong", "password": PASSWORD})
    assert "not your present password" in wrong.content.decode()
    done = here.post("/account/password/", {"current_password": "secret", "password": PASSWORD})
    assert done.headers["Location"] == "/account/"
    assert here.get("/account/").status_code == 200
    assert elsewhere.get("/account/").status_code == 302


def test_a_change_over_the_api_keeps_the_session_that_asked(owner: User) -> None:
    here, elsewhere = pages(owner), pages(owner)
    url, body = "/api/v1/me/password/", {"current_password": "secret", "password": PASSWORD}
    assert here.post(url, {**body, "current_password": "x"}, "application/json").json()["code"] == "password_wrong"
    assert here.post(url, {**body, "password": "12345"}, "application/json").json()["code"] == "password_weak"
    assert here.post(url, body, "application/json").status_code == 204
    assert here.get("/api/v1/me/").status_code == 200
    assert elsewhere.get("/api/v1/me/").status_code == 401


def test_ones_own_facts(owner: User, tenant: Tenant) -> None:
    body = api(owner).get("/api/v1/me/").json()
    assert (body["email"], body["name"]) == ("alice@example.com", "Alice")
    assert body["tenants"] == [{"slug": "acme", "name": "Acme", "role": "owner"}]
    assert api(owner).patch("/api/v1/me/", {"name": "Alice A."}, format="json").json()["name"] == "Alice A."
    unchanged = api(owner).patch("/api/v1/me/", {"email": "root@example.com", "is_staff": True}, format="json")
    assert unchanged.json()["email"] == "alice@example.com"
    owner.refresh_from_db()
    assert (owner.name, owner.is_staff) == ("Alice A.", False)


def test_closing_an_account_ends_all_that_it_opened(bob: User, tenant: Tenant) -> None:
    session = pages(bob)
    _, secret = ApiToken.objects.create(user=bob)
    assert "not your password" in session.post("/account/close/", {"current_password": "x"}).content.decode()
    assert session.post("/account/close/", {"current_password": "secret"}).headers["Location"] == "/sign-in/"
    bob.refresh_from_db()
    assert not bob.is_active
    assert not Membership.objects.filter(user=bob).exists()
    assert ApiToken.objects.count() == 0
    assert api().get("/api/v1/me/", HTTP_AUTHORIZATION=f"Bearer {secret}").status_code == 401
    assert pages().post("/sign-in/", {"username": bob.email, "password": "secret"}).status_code == 200
    bob.is_active = True
    bob.save()
    assert session.get("/account/").status_code == 302, "an old session stays dead should staff open the account again"


def close(person: User, password: str = "secret") -> Any:
    return api(person).delete("/api/v1/me/", {"current_password": password}, format="json")


def test_closing_over_the_api_takes_the_password(bob: User, tenant: Tenant) -> None:
    assert api(bob).delete("/api/v1/me/").json()["code"] == "invalid"
    wrong = close(bob, "guess")
    assert (wrong.status_code, wrong.json()["code"]) == (422, "password_wrong")
    assert AuditEvent.objects.get(action="user:close").reason == "password_wrong"
    assert [close(bob, "guess").status_code for _ in range(9)] == [422] * 8 + [429]
    assert close(bob).status_code == 429
    bob.refresh_from_db()
    assert bob.is_active


def test_closing_puts_on_record_what_it_ends(bob: User, tenant: Tenant) -> None:
    token, _ = ApiToken.objects.create(user=bob)
    close(bob)
    assert AuditEvent.objects.get(action="member:leave", tenant="acme").actor == "bob@example.com"
    assert AuditEvent.objects.get(action="token:revoke").detail["token"] == token.token_key


def test_the_last_owner_stays(owner: User, bob: User, tenant: Tenant) -> None:
    refused = close(owner)
    assert (refused.status_code, refused.json()["code"], refused.json()["tenant"]) == (409, "last_owner", "acme")
    owner.refresh_from_db()
    assert owner.is_active
    assert owner.memberships.count() == 1
    assert "last owner of Acme" in pages(owner).post("/account/close/", {"current_password": "secret"}).content.decode()
    Membership.objects.filter(user=bob).update(role=Role.OWNER)
    assert close(owner).status_code == 204


def test_a_new_password_revokes_what_the_old_one_made(owner: User, stranger: User, delivered: Delivered) -> None:
    used, secret = ApiToken.objects.create(user=owner)
    other, _ = ApiToken.objects.create(user=owner, name="other")
    theirs, _ = ApiToken.objects.create(user=stranger)
    client, body = api(), {"current_password": "secret", "password": PASSWORD}
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    assert client.post("/api/v1/me/password/", body, format="json").status_code == 204
    assert set(ApiToken.objects.all()) == {used, theirs}, "but for the one that the change was made with"
    assert AuditEvent.objects.get(action="token:revoke").detail["token"] == other.token_key
    page = pages(owner)
    page.force_login(User.objects.get(pk=owner.pk))
    page.post("/account/password/", {"current_password": PASSWORD, "password": f"{PASSWORD} 2"})
    assert set(ApiToken.objects.all()) == {theirs}

    ApiToken.objects.create(user=owner)
    api().post(RESET, {"email": owner.email}, format="json")
    secret = token(delivered()[0])
    assert api().post(f"{RESET}confirm/", {"token": secret, "password": PASSWORD}, format="json").status_code == 204
    assert set(ApiToken.objects.all()) == {theirs}
    assert AuditEvent.objects.filter(action="token:revoke", actor=owner.email).count() == 3


@pytest.mark.parametrize("what", ["change", "close"])
def test_the_old_password_does_nothing_once_another_is_set(
    bob: User, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody who knows it sends it at the very moment at which its owner resets it: verified before, used after."""
    verify = passwords.verify

    def then_reset(*given: Any) -> User | None:
        found = verify(*given)
        passwords.reset(links.password(bob), PASSWORD)
        return found

    monkeypatch.setattr(passwords, "verify", then_reset)
    body = {"current_password": "secret", "password": "thief of the night"}
    if what == "change":
        answer = api(bob).post("/api/v1/me/password/", body, format="json")
    else:
        answer = api(bob).delete("/api/v1/me/", body, format="json")
    assert (answer.status_code, answer.json()["code"]) == (422, "password_wrong")
    bob.refresh_from_db()
    assert (bob.is_active, bob.check_password(PASSWORD)) == (True, True)


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_who_joins_a_tenant_while_their_account_is_closed_leaves_it_under_its_lock(bob: User, owner: User) -> None:
    """Else its other owner could leave at the same moment, and nobody would own it."""
    globex = make_tenant("globex", owner)

    def close() -> int:
        with closing(connection):
            answer = api(bob).delete("/api/v1/me/", {"current_password": "secret"}, format="json")
            return int(answer.status_code)

    def join(pool: ThreadPoolExecutor) -> Future[int]:
        with closing(connection), transaction.atomic():
            User.objects.locked().get(pk=bob.pk)
            closing_it = pool.submit(close)
            assert somebody_waits(closing_it)
            Membership.objects.create(tenant=globex, user=bob, role=Role.OWNER)
        return closing_it

    with ThreadPoolExecutor(2) as pool:
        with transaction.atomic():
            Tenant.objects.locked(globex.pk)
            closing_it = pool.submit(join, pool).result()
            assert somebody_waits(closing_it)
        assert closing_it.result() == 204
    assert not Membership.objects.filter(user=bob).exists()


def somebody_waits(work: Future[Any]) -> bool:
    """For what this connection has locked; not once the work is done."""
    with connection.cursor() as cursor:
        for _ in range(200):
            cursor.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE pg_backend_pid() = ANY (pg_blocking_pids(pid)))")
            if cursor.fetchone()[0]:
                return True
            if work.done():
                return False
            sleep(0.05)
    return False
