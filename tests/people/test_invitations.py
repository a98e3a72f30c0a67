"""Invitations: one open per address, for that address alone, good once and for a week."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Barrier
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from tenants import invitations, standing
from tenants.mail import links
from tenants.models import AuditEvent, Invitation, Mail, Membership, Role, Tenant, User
from tests.people.conftest import PASSWORD, api, link, pages, token

pytestmark = pytest.mark.django_db
URL, ACCEPT = "/api/v1/tenants/acme/invitations/", "/api/v1/invitations/accept/"
Delivered = Callable[[], list[Any]]


def invite(owner: User, email: str = "Dora@Example.com", role: str = "member") -> Any:
    return api(owner).post(URL, {"email": email, "role": role}, format="json")


def accept(secret: str, person: User | None = None, **more: str) -> Any:
    return api(person).post(ACCEPT, {"token": secret, **more}, format="json")


def test_a_newcomer_joins_by_pages_though_registration_is_closed(
    owner: User, tenant: Tenant, delivered: Delivered
) -> None:
    page = pages(owner).post("/tenants/acme/members/", {"email": "Dora@Example.com", "role": "owner"}, follow=True)
    assert "dora@example.com" in page.content.decode()
    (message,) = delivered()
    assert (message.to, message.subject) == (["dora@example.com"], "Warren: Join Acme")
    assert "alice@example.com invites you" in message.body
    newcomer, where = pages(), link(message)
    assert "Join Acme" in newcomer.get(where).content.decode()
    assert Membership.objects.count() == 1, "to look is not to accept"
    assert newcomer.post(where, {"name": "Dora", "password": PASSWORD}).headers["Location"] == "/"
    joined = Membership.objects.get(user__email="dora@example.com")
    assert (joined.role, joined.user.name) == ("owner", "Dora")
    assert newcomer.get("/tenants/acme/").status_code == 200
    again = newcomer.get(where, follow=True)
    assert "accepted already" in again.content.decode()
    assert AuditEvent.objects.filter(action="invitation:accept", outcome="done", actor="dora@example.com").exists()


def test_who_has_an_account_signs_in_first(owner: User, tenant: Tenant, stranger: User, delivered: Delivered) -> None:
    invite(owner, "CHARLIE@example.com")
    where = link(delivered()[0])
    client = pages()
    sign_in = client.get(where)
    assert sign_in.headers["Location"].startswith("/sign-in/?next=%2Finvitations%2F")
    done = client.post(sign_in.headers["Location"], {"username": "charlie@example.com", "password": "secret"})
    assert done.headers["Location"] == where
    assert client.post(where).headers["Location"] == "/"
    assert Membership.objects.filter(user=stranger, tenant=tenant, role="member").exists()


def test_it_is_for_one_address_alone(
    owner: User, tenant: Tenant, bob: User, stranger: User, delivered: Delivered
) -> None:
    invite(owner)
    secret = token(delivered()[0])
    other = accept(secret, stranger)
    assert (other.status_code, other.json()["code"]) == (403, "other_address")
    page = pages(stranger)
    assert "You are signed in as charlie@example.com" in page.get(link(delivered()[0])).content.decode()
    assert page.post(link(delivered()[0])).status_code == 403
    assert accept(secret).json()["code"] == "sign_in_first"
    assert Membership.objects.count() == 2
    assert accept(secret, name="Dora", password="12345").json()["code"] == "password_weak"
    made = accept(secret, name="Dora", password=PASSWORD)
    assert (made.status_code, made.json()["slug"], made.json()["role"]) == (200, "acme", "member")
    assert accept(secret, name="Eve", password=PASSWORD).json()["code"] == "link_used"
    assert accept(secret, User.objects.get(email="dora@example.com")).json()["code"] == "link_used"


def test_inviting_again_renews(owner: User, tenant: Tenant, delivered: Delivered) -> None:
    first = invite(owner).json()
    old = token(delivered()[0])
    with time_machine.travel(timezone.now() + timezone.timedelta(days=8)):
        assert accept(old, name="Dora", password=PASSWORD).json()["code"] == "link_expired"
        assert api(owner).get(URL).json()["results"][0]["state"] == "expired"
        second = invite(owner, "DORA@example.com", "owner").json()
        assert (second["id"], second["role"], second["state"]) == (first["id"], "owner", "open")
        assert second["expires_at"] > first["expires_at"]
        assert accept(token(delivered()[1]), name="Dora", password=PASSWORD).json()["role"] == "owner"
    assert Invitation.objects.count() == 1


def test_the_database_itself_keeps_one_open(owner: User, tenant: Tenant) -> None:
    invite(owner)
    with pytest.raises(IntegrityError), transaction.atomic():
        Invitation.objects.create(tenant=tenant, email="dora@example.com")


def test_a_withdrawn_one_is_worth_nothing(owner: User, tenant: Tenant, delivered: Delivered) -> None:
    key = invite(owner).json()["id"]
    secret = token(delivered()[0])
    assert api(owner).delete(f"{URL}{key}/").status_code == 204
    assert accept(secret, name="Dora", password=PASSWORD).json()["code"] == "invitation_withdrawn"
    assert api(owner).delete(f"{URL}{key}/").json()["code"] == "invitation_closed"
    assert invite(owner).json()["id"] != key
    assert accept(secret, name="Dora", password=PASSWORD).json()["code"] == "invitation_withdrawn"
    assert not User.objects.filter(email="dora@example.com").exists()


def test_one_that_is_withdrawn_before_it_was_mailed_is_not_mailed(
    owner: User, tenant: Tenant, delivered: Delivered
) -> None:
    key = invite(owner).json()["id"]
    pages(owner).post(f"/tenants/acme/invitations/{key}/withdraw/")
    assert delivered() == []
    assert Mail.objects.get().state == "dropped"


def test_who_is_not_invited(owner: User, tenant: Tenant, bob: User) -> None:
    assert invite(owner, "BOB@example.com").json()["code"] == "already_member"
    for email in ("", "no address", "a@b\nBcc: c@example.com"):
        assert invite(owner, email).json()["code"] == "invalid"
    assert invite(owner, "x@example.com", "king").json()["code"] == "invalid"
    assert Mail.objects.count() == 0


def test_who_became_a_member_meanwhile_keeps_their_role(
    owner: User, tenant: Tenant, stranger: User, delivered: Delivered
) -> None:
    invite(owner, stranger.email, "owner")
    Membership.objects.create(tenant=tenant, user=stranger, role="member")
    assert accept(token(delivered()[0]), stranger).json()["role"] == "member"


def test_forged_and_foreign_tokens(owner: User, tenant: Tenant, stranger: User) -> None:
    from django.core import signing

    invite(owner)
    key = Invitation.objects.get().pk
    for bad in ("x", signing.dumps(key), signing.dumps(key, salt="tenants.sign-up"), signing.dumps(10**30, salt="x")):
        assert accept(bad, stranger).json()["code"] == "link_invalid"
    for odd in ("x", None, [], 10**30, -1):
        secret = signing.dumps(odd, salt="tenants.invitation")
        assert accept(secret, stranger).json()["code"] == "link_invalid", odd


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_two_who_hold_the_link_at_the_same_moment(owner: User, tenant: Tenant, delivered: Delivered) -> None:
    invite(owner)
    secret, together = token(delivered()[0]), Barrier(3)

    def use(number: int) -> str:
        with closing(connection):
            together.wait()
            return str(accept(secret, name=f"Dora {number}", password=PASSWORD).json().get("code"))

    with ThreadPoolExecutor(3) as pool:
        assert sorted(pool.map(use, range(3))) == ["None", "link_used", "link_used"]
    assert Membership.objects.filter(tenant=tenant).count() == 2


def test_a_suspended_tenant_sends_no_mail(owner: User, tenant: Tenant, delivered: Delivered) -> None:
    invite(owner)
    standing.suspend(tenant, actor=None, reason="The invoice is overdue.")
    refused = invite(owner, "eve@example.com")
    assert (refused.status_code, refused.json()["code"]) == (403, "tenant_suspended")
    assert AuditEvent.objects.get(action="invitation:create", outcome="refused").reason == "tenant_suspended"
    assert delivered() == [], "nor what was asked for before"


def test_a_closed_account_is_not_sent_to_the_sign_in(
    owner: User, tenant: Tenant, stranger: User, delivered: Delivered
) -> None:
    stranger.is_active = False
    stranger.save()
    invite(owner, stranger.email)
    (message,) = delivered()
    page = pages().get(link(message))
    assert page.status_code == 403
    assert "is closed" in page.content.decode()
    newcomer: dict[str, str] = {"name": "Charlie", "password": PASSWORD}
    for answer in (accept(token(message)), accept(token(message), **newcomer)):
        assert (answer.status_code, answer.json()["code"]) == (403, "account_closed")


def test_who_is_blocked_has_invited_nobody(owner: User, tenant: Tenant, bob: User, delivered: Delivered) -> None:
    Membership.objects.filter(user=bob).update(role=Role.OWNER)
    row = invitations.invite(tenant, "bob2@example.com", Role.OWNER, actor=bob)
    bob.is_active = False
    bob.save()
    assert delivered() == []
    body = {"token": links.invitation(row), "name": "Bob", "password": PASSWORD}
    answer = api().post(ACCEPT, body, format="json")
    assert (answer.status_code, answer.json()["code"]) == (409, "invitation_withdrawn")
    assert not User.objects.filter(email="bob2@example.com").exists()
