"""Nobody gets more rights than they were given, and what staff save of people and members leaves no way back in."""

from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db.models.signals import pre_save
from django.test import Client
from django.urls import reverse

from access.models import Grant
from cloudflare.models import Publication
from containers.models import Container
from tenants import invitations, tokens
from tenants.models import ApiToken, Invitation, Membership, Role, Tenant, User
from tests.pages.admin.conftest import on_record
from tests.pages.conftest import signed_in
from tests.pages.staff import support

pytestmark = pytest.mark.django_db


def page(person: User, name: str = "tenants_user_change") -> str:
    return reverse(f"admin:{name}", args=[person.pk])


def form(person: User, **changes: str) -> dict[str, str]:
    inline = {"memberships-TOTAL_FORMS": "0", "memberships-INITIAL_FORMS": "0"}
    return {"email": person.email, "name": person.name, "is_active": "on", **inline, **changes}


def new(password: str) -> dict[str, str]:
    return {"password1": password, "password2": password, "usable_password": "true"}


def test_who_is_no_staff_is_told_so(owner: User) -> None:
    """And not asked to sign in, as they are already."""
    answer = signed_in(owner).get("/admin/tenants/user/", follow=True)
    assert answer.status_code == 403
    assert "The console is for staff" in answer.text
    assert "Switch the account" in answer.text


def test_who_may_change_people_gives_nobody_rights(owner: User) -> None:
    client = support("view_user", "change_user", "view_group", "change_group")
    group = Group.objects.create(name="support")
    rights = {"is_staff": "on", "is_superuser": "on", "groups": str(group.pk)}
    assert client.post(page(owner), form(owner, name="Alice A.", **rights)).status_code == 302
    owner.refresh_from_db()
    assert (owner.name, owner.is_staff, owner.is_superuser, owner.groups.count()) == ("Alice A.", False, False, 0)
    url = reverse("admin:auth_group_change", args=[group.pk])
    assert client.post(url, {"name": "all", "permissions": []}).status_code == 403


def test_staff_are_changed_by_superusers_alone(staff: Client) -> None:
    client = support("view_user", "change_user")
    root = User.objects.create_superuser("root@example.com", "secret")
    for person in (root, User.objects.get(email="support@example.com")):
        assert client.get(page(person)).status_code == 200
        for url, sent in (
            (page(person), form(person, email="mine@example.com", is_superuser="on")),
            (page(person, "auth_user_password_change"), new("correct horse battery")),
        ):
            assert client.post(url, sent).status_code == 403
    assert staff.post(page(root), form(root, name="Root", is_staff="on", is_superuser="on")).status_code == 302
    root.refresh_from_db()
    assert (root.name, root.check_password("secret")) == ("Root", True)


def test_a_password_that_is_set_while_staff_save_a_name_stays(staff: Client, owner: User) -> None:
    def meanwhile(sender: Any, instance: User, **kwargs: Any) -> None:
        User.objects.filter(pk=owner.pk).update(password="new", language="de")

    pre_save.connect(meanwhile, sender=User)
    try:
        assert staff.post(page(owner), form(owner, name="Alice A.")).status_code == 302
    finally:
        pre_save.disconnect(meanwhile, sender=User)
    owner.refresh_from_db()
    assert (owner.name, owner.password, owner.language) == ("Alice A.", "new", "de")
    assert on_record() == [("admin:change", "tenants.user", {"fields": ["name"]}, "")]


def test_whom_staff_block_is_let_in_nowhere_any_more(staff: Client, stranger: User, box: Container) -> None:
    grant = Grant.objects.create(container=box, email=stranger.email, permission="view", granter="alice@example.com")
    before, sent = Publication.objects.get(container=box).rings, form(stranger)
    del sent["is_active"]
    assert staff.post(page(stranger), sent).status_code == 302
    grant.refresh_from_db()
    assert (User.objects.get(pk=stranger.pk).is_active, grant.ended_how) == (False, "revoked")
    assert Publication.objects.get(container=box).rings > before, "the edge is asked to follow"


def test_a_password_that_staff_set_revokes_what_the_old_one_made(staff: Client, owner: User) -> None:
    tokens.create(actor=owner)
    url = page(owner, "auth_user_password_change")
    assert staff.post(url, new("12345678")).status_code == 200, "too weak"
    assert ApiToken.objects.count() == 1
    assert staff.post(url, new("correct horse battery")).status_code == 302
    assert ApiToken.objects.count() == 0
    assert on_record()[-1][2] == {"fields": ["password"]}
    assert staff.post(page(owner, "auth_user_password_change").replace(str(owner.pk), "x"), new("y")).status_code < 500


def test_staff_change_their_own_where_wrong_ones_are_counted(staff: Client) -> None:
    for answer in (staff.get("/admin/password_change/"), staff.post("/admin/password_change/", new("x"))):
        assert (answer.status_code, answer["Location"]) == (302, "/account/password/")


@pytest.mark.parametrize("how", ["removed", "demoted"])
def test_an_owner_whom_staff_take_it_from_has_invited_nobody(
    staff: Client, owner: User, stranger: User, tenant: Tenant, how: str
) -> None:
    theirs = Membership.objects.create(tenant=tenant, user=stranger, role=Role.OWNER)
    for person, email in ((owner, "dora@example.com"), (stranger, "second@example.com")):
        invitations.invite(tenant, email, Role.OWNER, actor=person)
    sent = _members(tenant, owner, theirs)
    sent |= {"memberships-1-DELETE": "on"} if how == "removed" else {"memberships-1-role": "member"}
    assert staff.post(reverse("admin:tenants_tenant_change", args=[tenant.pk]), sent).status_code == 302
    states = {row.email: row.state for row in Invitation.objects.all()}
    assert states == {"dora@example.com": "open", "second@example.com": "withdrawn"}


def test_a_membership_stays_whose_it_is(staff: Client, owner: User, stranger: User, tenant: Tenant) -> None:
    bob = User.objects.create_user("bob@example.com", "secret")
    theirs = Membership.objects.create(tenant=tenant, user=stranger, role=Role.MEMBER)
    sent = _members(tenant, owner, theirs) | {"memberships-1-user": str(bob.pk)}
    assert staff.post(reverse("admin:tenants_tenant_change", args=[tenant.pk]), sent).status_code == 302
    theirs.refresh_from_db()
    assert (theirs.user, tenant.memberships.count()) == (stranger, 2)


def _members(tenant: Tenant, owner: User, theirs: Membership) -> dict[str, Any]:
    mine = tenant.memberships.get(user=owner)
    found: dict[str, Any] = {"name": tenant.name, "plan": tenant.plan_id}
    found |= {"memberships-TOTAL_FORMS": "2", "memberships-INITIAL_FORMS": "2"}
    for number, row in enumerate((mine, theirs)):
        start = f"memberships-{number}-"
        found |= {f"{start}id": row.pk, f"{start}tenant": tenant.pk, f"{start}user": row.user_id}
        found[f"{start}role"] = row.role
    return found
