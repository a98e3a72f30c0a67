"""Members: whoever does what to whom, an owner is always left, and the edge hears of everybody who goes."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Barrier
from time import sleep
from typing import Any

import pytest
from django.db import connection, transaction

from cloudflare.models import Publication
from containers import admission
from containers.models import Template
from tenants.models import AuditEvent, Invitation, Membership, Role, Tenant, User
from tests.conftest import converge, make_tenant
from tests.people.conftest import api, pages

pytestmark = pytest.mark.django_db
URL = "/api/v1/tenants/acme/"


def member(person: User) -> str:
    return f"{URL}members/{Membership.objects.get(user=person, tenant__slug='acme').pk}/"


def role(person: User) -> str | None:
    return Membership.objects.filter(user=person, tenant__slug="acme").values_list("role", flat=True).first()


def promote(person: User) -> None:
    Membership.objects.filter(user=person).update(role=Role.OWNER)


def test_the_list_is_for_all_of_them(owner: User, bob: User, stranger: User) -> None:
    for person in (owner, bob):
        rows = api(person).get(f"{URL}members/").json()["results"]
        assert [(row["email"], row["role"]) for row in rows] == [
            ("alice@example.com", "owner"),
            ("bob@example.com", "member"),
        ]
    assert api(stranger).get(f"{URL}members/").status_code == 404
    assert api(bob).get("/api/v1/tenants/").json()["results"][0]["role"] == "member"
    assert api(bob).get(URL).json() | {"created_at": ""} == {
        "slug": "acme",
        "name": "Acme",
        "plan": "enterprise",
        "role": "member",
        "suspended": "",
        "created_at": "",
    }


def test_members_do_not_do_what_owners_do(owner: User, bob: User) -> None:
    calls = [
        ("patch", URL, {"name": "Mine"}),
        ("patch", member(bob), {"role": "owner"}),
        ("delete", member(owner), None),
        ("post", f"{member(bob)}hand-over/", None),
        ("get", f"{URL}invitations/", None),
        ("post", f"{URL}invitations/", {"email": "x@example.com"}),
    ]
    for verb, url, body in calls:
        answer = getattr(api(bob), verb)(url, body, format="json")
        assert (answer.status_code, answer.json()["code"]) == (403, "owner_only"), url
    assert (role(owner), role(bob)) == ("owner", "member")
    refused = AuditEvent.objects.filter(outcome="refused", reason="owner_only", actor="bob@example.com", tenant="acme")
    assert refused.count() == len(calls) - 1


def test_a_member_of_another_tenant_is_nobody_here(owner: User, tenant: Tenant, stranger: User) -> None:
    make_tenant("globex", stranger)
    theirs = Membership.objects.get(user=stranger).pk
    assert api(owner).patch(f"{URL}members/{theirs}/", {"role": "member"}, format="json").status_code == 404
    assert api(owner).delete(f"{URL}members/{theirs}/").status_code == 404
    assert api(owner).get(f"{URL}members/{10**30}/").status_code == 404


def test_roles_change_and_the_last_owner_stays(owner: User, bob: User) -> None:
    for verb, url, body in [
        ("patch", member(owner), {"role": "member"}),
        ("delete", member(owner), None),
        ("post", f"{URL}leave/", None),
    ]:
        answer = getattr(api(owner), verb)(url, body, format="json")
        assert (answer.status_code, answer.json()["code"]) == (409, "last_owner")
    assert api(owner).patch(member(bob), {"role": "king"}, format="json").json()["code"] == "invalid"
    assert api(owner).patch(member(bob), {}, format="json").json()["code"] == "invalid"
    assert api(owner).patch(member(bob), {"role": "owner"}, format="json").json()["role"] == "owner"
    assert api(bob).patch(member(owner), {"role": "member"}, format="json").status_code == 200
    assert api(owner).post(f"{URL}leave/").status_code == 204
    assert (role(owner), role(bob)) == (None, "owner")
    assert api(owner).get(URL).status_code == 404


def test_an_owner_whose_account_is_closed_counts_for_nothing(owner: User, bob: User) -> None:
    promote(bob)
    bob.is_active = False
    bob.save()
    assert api(owner).post(f"{URL}leave/").json()["code"] == "last_owner"
    assert api(owner).post(f"{member(bob)}hand-over/").json()["code"] == "account_closed"
    assert api(owner).delete(member(bob)).status_code == 204


def test_handing_over(owner: User, bob: User) -> None:
    assert api(owner).post(f"{member(owner)}hand-over/").json()["code"] == "hand_over_self"
    assert api(owner).post(f"{member(bob)}hand-over/").json()["role"] == "owner"
    assert (role(owner), role(bob)) == ("member", "owner")
    event = AuditEvent.objects.get(action="member:hand_over", outcome="done")
    assert (event.actor, event.target, event.tenant) == ("alice@example.com", "bob@example.com", "acme")


def test_a_tenants_name_changes_and_its_slug_does_not(owner: User, tenant: Tenant) -> None:
    assert api(owner).patch(URL, {"name": "Acme AG", "slug": "other", "plan": "free"}, format="json").status_code == 200
    tenant.refresh_from_db()
    assert (tenant.name, tenant.slug, tenant.plan.code) == ("Acme AG", "acme", "enterprise")
    assert api(owner).patch(URL, {"name": "a\x07b"}, format="json").json()["code"] == "name_invalid"


def test_a_removed_member_is_out_of_every_policy(
    owner: User, bob: User, tenant: Tenant, template: Template, memory: Any, zone: Any, cloud: Any
) -> None:
    admission.create(actor=owner, tenant=tenant, template=template, name="box")
    converge()
    host = "box-acme.containers.localhost"
    assert cloud.sign_in("bob@example.com", host)
    assert api(owner).delete(member(bob)).status_code == 204
    assert Publication.objects.get().next_check_at is not None
    converge()
    assert cloud.sign_in("bob@example.com", host) is None
    assert cloud.sign_in("alice@example.com", host)


RACES = {
    "both leave": lambda me, other: api(me).post(f"{URL}leave/"),
    "each demotes the other": lambda me, other: api(me).patch(member(other), {"role": "member"}, format="json"),
    "each removes the other": lambda me, other: api(me).delete(member(other)),
    "both close their accounts": lambda me, other: api(me).delete(
        "/api/v1/me/", {"current_password": "secret"}, format="json"
    ),
    "one leaves, one is demoted": lambda me, other: (
        api(me).post(f"{URL}leave/")
        if me.email.startswith("a")
        else api(me).patch(member(me), {"role": "member"}, format="json")
    ),
}


@pytest.mark.parametrize("how", RACES)
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_two_owners_at_the_same_moment_leave_one(owner: User, bob: User, how: str) -> None:
    promote(bob)
    together = Barrier(2)

    def act(pair: tuple[User, User]) -> str:
        with closing(connection):
            together.wait()
            answer = RACES[how](*pair)
            return "done" if answer.status_code < 300 else str(answer.json()["code"])

    with ThreadPoolExecutor(2) as pool:
        heard = sorted(pool.map(act, [(owner, bob), (bob, owner)]))
    assert heard[0] == "done"
    assert heard[1] in {"last_owner", "owner_only", "not_found"}, heard
    assert Membership.objects.filter(role=Role.OWNER, user__is_active=True).count() == 1


def test_by_pages(owner: User, bob: User, stranger: User) -> None:
    page, key = pages(owner), Membership.objects.get(user=bob).pk
    assert "bob@example.com" in page.get("/tenants/acme/members/").content.decode()
    asked = page.get(f"/tenants/acme/members/{key}/role/").content.decode()
    assert "Make bob@example.com an owner?" in asked
    assert 'name="role" value="owner"' in asked.partition('id="ask"')[2], "what the dialog takes has the form in it"
    made = page.post(f"/tenants/acme/members/{key}/role/", {"role": "owner"})
    assert made.headers["Location"] == "/tenants/acme/members/"
    assert role(bob) == "owner"
    assert "Choose one" in page.post(f"/tenants/acme/members/{key}/role/", {"role": "x"}, follow=True).content.decode()
    assert "and you a member" in page.get(f"/tenants/acme/members/{key}/hand-over/").content.decode()
    page.post(f"/tenants/acme/members/{key}/hand-over/")
    assert (role(owner), role(bob)) == ("member", "owner")
    assert page.get("/tenants/acme/name/").status_code == 403
    assert "Invite somebody" not in page.get("/tenants/acme/members/").content.decode()
    assert "Delete the tenant" not in page.get("/tenants/acme/settings/").content.decode()
    assert page.post("/tenants/acme/leave/").headers["Location"] == "/account/"
    assert page.get("/tenants/acme/").status_code == 404
    theirs = pages(bob)
    assert "last owner" in theirs.post("/tenants/acme/leave/", follow=True).content.decode()
    theirs.post("/tenants/acme/name/", {"name": "New\nname"})
    assert Tenant.objects.get().name == "New name"
    assert pages(stranger).get("/tenants/acme/").status_code == 404


def delete(person: User, **body: str) -> Any:
    return api(person).delete(URL, body, format="json")


def test_deleting_a_tenant_takes_its_slug(owner: User, bob: User, tenant: Tenant) -> None:
    assert delete(bob, slug="acme").json()["code"] == "owner_only"
    assert delete(owner).json()["code"] == "invalid"
    wrong = delete(owner, slug="acne")
    assert (wrong.status_code, wrong.json()["code"]) == (422, "slug_differs")
    asked = pages(owner).get("/tenants/acme/delete/").content.decode()
    assert "Delete Acme?" in asked
    assert "It is acme." in asked
    assert "short name is acme" in pages(owner).post("/tenants/acme/delete/", {"slug": "acne"}).content.decode()
    assert AuditEvent.objects.filter(action="tenant:close", reason="slug_differs", tenant="acme").count() == 2
    assert Tenant.objects.living().exists()
    assert delete(owner, slug="acme").status_code == 202
    assert not Tenant.objects.living().exists()


# Whether somebody waits for us, and not: anybody for anybody, which tests of other processes do, too.
BLOCKED = "SELECT EXISTS (SELECT FROM pg_locks WHERE pg_backend_pid() = ANY (pg_blocking_pids(pid)))"


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_an_owner_who_is_removed_while_their_delete_waits(owner: User, bob: User, tenant: Tenant) -> None:
    promote(bob)

    def act() -> Any:
        with closing(connection):
            return delete(bob, slug="acme")

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            Tenant.objects.locked(tenant.pk)
            answer = pool.submit(act)
            with connection.cursor() as cursor:
                for _ in range(200):
                    cursor.execute(BLOCKED)
                    if cursor.fetchone()[0]:
                        break
                    sleep(0.05)
            Membership.objects.get(user=bob).delete()
        heard = answer.result()
    assert (heard.status_code, heard.json()["code"]) == (403, "owner_only")
    assert Tenant.objects.living().exists()


WAYS_OUT = {
    "removed": lambda alice, bob: api(alice).delete(member(bob)),
    "demoted": lambda alice, bob: api(alice).patch(member(bob), {"role": "member"}, format="json"),
    "leaves": lambda alice, bob: api(bob).post(f"{URL}leave/"),
    "hands over": lambda alice, bob: api(bob).post(f"{member(alice)}hand-over/"),
    "closes the account": lambda alice, bob: api(bob).delete(
        "/api/v1/me/", {"current_password": "secret"}, format="json"
    ),
}


@pytest.mark.parametrize("how", WAYS_OUT)
def test_who_owns_nothing_any_more_has_invited_nobody(owner: User, bob: User, how: str) -> None:
    promote(bob)
    for person, email in ((owner, "dora@example.com"), (bob, "bob2@example.com")):
        api(person).post(f"{URL}invitations/", {"email": email}, format="json")
    assert WAYS_OUT[how](owner, bob).status_code < 300
    states = {row.email: row.state for row in Invitation.objects.all()}
    assert states == {"dora@example.com": "open", "bob2@example.com": "withdrawn"}
    assert AuditEvent.objects.get(action="invitation:withdraw").target.startswith("bob2@example.com")
