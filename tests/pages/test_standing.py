"""Tenants and plans in the admin: what is decided there, by whom, and what a form that is old can't undo."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from containers import admission
from containers.models import Container, ContainerStatus, Template
from tenants import standing, tasks
from tenants.admin.standing import TenantAdmin
from tenants.models import AuditEvent, Membership, Plan, Role, Tenant, User
from tests.conftest import make_tenant
from tests.pages.staff import act, plan_form, support

pytestmark = pytest.mark.django_db


@pytest.fixture
def box(asked: Container) -> Container:
    return asked


def members(tenant: Tenant, *rows: dict[str, Any], **more: Any) -> dict[str, Any]:
    """The form of the tenant's page; each row is a membership that is there, or is to be made."""
    form = {"name": tenant.name, "plan": tenant.plan_id, **more}
    form |= {"memberships-TOTAL_FORMS": len(rows), "memberships-INITIAL_FORMS": sum("id" in row for row in rows)}
    for number, row in enumerate(rows):
        form |= {f"memberships-{number}-{name}": value for name, value in {"tenant": tenant.pk, **row}.items()}
    return form


def as_it_is(row: Membership, **changes: Any) -> dict[str, Any]:
    return {"id": row.pk, "user": row.user_id, "role": row.role, **changes}


def page(tenant: Tenant) -> str:
    return reverse("admin:tenants_tenant_change", args=[tenant.pk])


def test_a_form_that_is_old_undoes_no_suspension(
    staff: Client, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Suspended after the row was read for the form, and before it is saved."""
    save = TenantAdmin.save_model

    def suspended_meanwhile(self: Any, *args: Any) -> None:
        standing.suspend(Tenant.objects.get(), actor=None, reason="Abuse.")
        save(self, *args)

    monkeypatch.setattr(TenantAdmin, "save_model", suspended_meanwhile)
    assert staff.post(page(tenant), members(tenant, name="Acme Ltd")).status_code == 302
    tenant.refresh_from_db()
    assert (tenant.name, tenant.suspended, tenant.suspended_reason) == ("Acme Ltd", True, "Abuse.")
    assert AuditEvent.objects.get(action="admin:change").detail == {"fields": ["name"]}


@pytest.mark.parametrize("change", [{"DELETE": "on"}, {"role": "member"}])
def test_staff_leave_no_tenant_without_an_owner(staff: Client, tenant: Tenant, change: dict[str, Any]) -> None:
    own = tenant.memberships.get()
    said = staff.post(page(tenant), members(tenant, as_it_is(own, **change)))
    assert (said.status_code, "Nobody would own it" in said.content.decode()) == (200, True)
    assert tenant.memberships.get().role == Role.OWNER
    bob = User.objects.create_user("bob@example.com", "secret")
    rows = as_it_is(own, **change), {"user": bob.pk, "role": "owner"}
    assert staff.post(page(tenant), members(tenant, *rows)).status_code == 302
    assert Membership.objects.get(tenant=tenant, role=Role.OWNER).user == bob


def test_an_owner_whose_account_is_closed_is_no_owner(staff: Client, tenant: Tenant) -> None:
    gone = User.objects.create_user("gone@example.com", "secret", is_active=False)
    closed = Membership.objects.create(tenant=tenant, user=gone, role=Role.OWNER)
    own = tenant.memberships.exclude(pk=closed.pk).get()
    rows = as_it_is(own, DELETE="on"), as_it_is(closed)
    assert "Nobody would own it" in staff.post(page(tenant), members(tenant, *rows)).content.decode()


def test_a_form_that_is_old_does_not_know_who_owns_it(staff: Client, tenant: Tenant) -> None:
    """The other owner that it shows was made a member meanwhile."""
    own = tenant.memberships.get()
    bob = User.objects.create_user("bob@example.com", "secret")
    member = Membership.objects.create(tenant=tenant, user=bob, role=Role.MEMBER)
    rows = as_it_is(own, DELETE="on"), as_it_is(member)
    assert "Nobody would own it" in staff.post(page(tenant), members(tenant, *rows)).content.decode()


def test_nobody_joins_a_tenant_that_is_closed(staff: Client, tenant: Tenant) -> None:
    standing.close(tenant, actor=None)
    bob = User.objects.create_user("bob@example.com", "secret")
    said = staff.post(page(tenant), members(tenant, {"user": bob.pk, "role": "owner"}))
    assert (said.status_code, "nobody joins or leaves it" in said.content.decode()) == (200, True)
    assert not Membership.objects.exists()


def test_actions_say_what_they_changed(staff: Client, tenant: Tenant, stranger: User) -> None:
    other = make_tenant("globex", stranger)
    standing.close(tenant, actor=None)
    said = act(staff, "tenants_tenant", "suspend", tenant, other, reason="Abuse.").content.decode()
    assert "Suspended: Globex." in said
    assert "they are deleted: Acme." in said
    again = act(staff, "tenants_tenant", "close", tenant, sure="yes").content.decode()
    assert "Being deleted" not in again
    assert "they are deleted: Acme." in again


def test_what_there_is_no_way_back_from_takes_the_permission_to_delete(staff: Client, box: Container) -> None:
    tenant = box.tenant
    client = support("view_tenant", "change_tenant", "view_container", "change_container")
    act(client, "tenants_tenant", "close", tenant, sure="yes")
    act(client, "containers_container", "delete_outside", box, post="yes")
    tenant.refresh_from_db()
    box.refresh_from_db()
    assert (tenant.deleted_at, box.desired) == (None, "running")


@pytest.mark.parametrize(
    ("lower", "said"),
    [({"storage": 1024**3}, "storage of"), ({"internet": ""}, "1 with internet, the plan allows none")],
)
def test_storage_and_internet_are_taken_away_only_after_a_look_at_whose(
    staff: Client, box: Container, lower: dict[str, Any], said: str
) -> None:
    plan = box.tenant.plan
    plan.internet = True
    plan.save()
    tasks.follow_plan(str(plan.pk))
    url = reverse("admin:tenants_plan_change", args=[plan.pk])
    form = plan_form(plan, **{"internet": "on", **lower})
    if not form["internet"]:
        del form["internet"]
    ContainerStatus.objects.update(storage_used=2 * 1024**3)  # what is kept counts, not what was allowed
    answer = staff.post(url, form)
    assert (answer.status_code, said in answer.content.decode()) == (200, True)
    assert staff.post(url, {**form, "anyway": "on"}).status_code == 302


def test_of_many_tenants_over_a_plan_twenty_are_shown(staff: Client, box: Container, template: Template) -> None:
    plan, owner = box.tenant.plan, box.tenant.members.get()
    for number in range(24):
        tenant = make_tenant(f"t{number}", owner, plan.code)
        admission.create(actor=owner, tenant=tenant, template=template, name="box")
    with CaptureQueriesContext(connection) as made:
        said = staff.post(
            reverse("admin:tenants_plan_change", args=[plan.pk]), plan_form(plan, memory=256 * 1024**2)
        ).content.decode()
    assert (said.count("Would be over: "), "and 5 more" in said) == (21, True)
    assert len(made) < 20
    assert Plan.objects.get(pk=plan.pk).memory == plan.memory
