"""What staff save: it is on record without any secret, and what is in use is not turned or taken away."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from cloudflare.models import (
    Account,
    Zone,
)
from containers.models import Container
from tenants import tasks
from tenants.models import AuditEvent, Plan, Tenant, User
from tests.pages.admin.conftest import on_record
from tests.pages.staff import plan_form

pytestmark = pytest.mark.django_db


def test_a_token_stays_when_it_is_left_empty_and_changes_when_it_is_given(staff: Client, box: Container) -> None:
    account = Account.objects.get()
    before, url = account.api_token, reverse("admin:cloudflare_account_change", args=[account.pk])
    form = {"name": "New", "account_id": account.account_id, "max_tunnels": 5, "max_applications": 5, "max_rules": 5}
    form |= {"enabled": "on"}
    assert staff.post(url, {**form, "api_token": ""}).status_code == 302
    account.refresh_from_db()
    assert (account.name, account.api_token) == ("New", before)
    staff.post(url, {**form, "api_token": "another"})
    account.refresh_from_db()
    assert account.api_token == "another"


def test_a_zone_is_not_turned_under_what_lives_in_it(staff: Client, box: Container) -> None:
    zone = Zone.objects.get()
    account, other = zone.account, Account.objects.create(name="Other", account_id="other", api_token="t")
    form = {"account": other.pk, "zone_id": "other", "domain": "other.example", "account_id": "turned", "name": "New"}
    form |= {"max_tunnels": 5, "max_applications": 5, "max_rules": 5}
    for name, row in (("zone", zone), ("account", account)):
        url = reverse(f"admin:cloudflare_{name}_change", args=[row.pk])
        assert staff.post(url, form).status_code == 302
    after = Zone.objects.select_related("account").get()
    assert (after.account, after.zone_id, after.domain) == (account, zone.zone_id, zone.domain)
    assert after.account.account_id == account.account_id
    assert (after.enabled, after.account.enabled, after.account.name) == (False, False, "New"), "the rest is staff's"
    new = {"account": other.pk, "zone_id": "z2", "domain": "two.example", "enabled": "on"}
    assert staff.post(reverse("admin:cloudflare_zone_add"), new).status_code == 302
    assert Zone.objects.get(zone_id="z2").account == other


def test_no_zone_shares_a_domain_with_the_dashboard(staff: Client, settings: Any) -> None:
    settings.ALLOWED_HOSTS = [*settings.ALLOWED_HOSTS, "warren.example.com"]
    account = Account.objects.create(name="Other", account_id="other", api_token="t")
    new = {"account": account.pk, "zone_id": "z2", "domain": "Boxes.Example.com", "enabled": "on"}
    url = reverse("admin:cloudflare_zone_add")
    assert b"The dashboard is at warren.example.com" in staff.post(url, new).content
    assert staff.post(url, {**new, "domain": "Boxes.Example.net."}).status_code == 302
    assert Zone.objects.get(zone_id="z2").domain == "boxes.example.net"


def test_what_staff_save_is_on_record_by_the_names_of_its_fields(staff: Client, tenant: Tenant, owner: User) -> None:
    plan = {"name": "Small", "code": "small", "memory": 2**29, "cpu": 100, "storage": 2**30}
    assert staff.post(reverse("admin:tenants_plan_add"), plan).status_code == 302
    small = Plan.objects.get(code="small")
    url = reverse("admin:tenants_plan_change", args=[small.pk])
    staff.post(url, {**plan, "cpu": 200, "max_containers": 3})
    staff.post(url, {**plan, "cpu": 200, "max_containers": 3})  # nothing changed: nothing to record
    staff.post(reverse("admin:tenants_plan_delete", args=[small.pk]), {"post": "yes"})
    assert not Plan.objects.filter(code="small").exists()
    found = on_record()
    assert [row[:2] for row in found] == [
        ("admin:add", "tenants.plan"),
        ("admin:change", "tenants.plan"),
        ("admin:delete", "tenants.plan"),
    ]
    assert found[1][2] == {"fields": ["cpu", "max_containers"]}


def test_a_plan_or_template_that_is_in_use_stays(staff: Client, box: Container) -> None:
    for row in (box.tenant.plan, box.template):
        url = reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_delete", args=[row.pk])
        assert "Cannot delete" in staff.post(url, {"post": "yes"}).content.decode()
        assert type(row).objects.filter(pk=row.pk).exists()


def test_members_that_staff_add_and_remove_are_on_record(staff: Client, tenant: Tenant, owner: User) -> None:
    bob = User.objects.create_user("bob@example.com", "secret")
    url = reverse("admin:tenants_tenant_change", args=[tenant.pk])
    mine = tenant.memberships.get()
    form = {
        "name": "Acme",
        "plan": tenant.plan_id,
        "memberships-TOTAL_FORMS": "2",
        "memberships-INITIAL_FORMS": "1",
        "memberships-0-id": mine.pk,
        "memberships-0-tenant": tenant.pk,
        "memberships-0-user": owner.pk,
        "memberships-0-role": "owner",
        "memberships-1-tenant": tenant.pk,
        "memberships-1-user": bob.pk,
        "memberships-1-role": "member",
    }
    assert staff.post(url, form).status_code == 302
    made = tenant.memberships.get(user=bob)
    form |= {"memberships-INITIAL_FORMS": "2", "memberships-1-id": made.pk, "memberships-1-DELETE": "on"}
    assert staff.post(url, form).status_code == 302
    assert [(row[0], row[1], row[3]) for row in on_record()] == [
        ("admin:add", "tenants.membership", "acme"),
        ("admin:delete", "tenants.membership", "acme"),
    ]
    assert AuditEvent.objects.filter(action="admin:delete", target_id=str(made.pk)).exists()


def test_no_secret_gets_into_the_record(staff: Client, box: Container, owner: User) -> None:
    account = Account.objects.get()
    form = {"name": account.name, "account_id": account.account_id, "max_tunnels": 1000, "max_applications": 500}
    form |= {"max_rules": 1000, "ends_sessions": "on"}
    url = reverse("admin:cloudflare_account_change", args=[account.pk])
    staff.post(url, {**form, "enabled": "on", "api_token": ""})
    assert on_record() == []  # the token stayed as it is
    staff.post(url, {**form, "enabled": "on", "api_token": "another-token"})
    new = {"password1": "a-new-password-9", "password2": "a-new-password-9"}
    assert staff.post(reverse("admin:auth_user_password_change", args=[owner.pk]), new).status_code == 302
    assert [row[1:3] for row in on_record()] == [
        ("cloudflare.account", {"fields": ["api_token"]}),
        ("tenants.user", {"fields": ["password"]}),
    ]
    text = str(list(AuditEvent.objects.values()))
    assert "another-token" not in text
    assert "a-new-password-9" not in text


def test_a_plan_is_lowered_only_after_a_look_at_who_would_be_over(staff: Client, box: Container) -> None:
    plan = box.tenant.plan
    url = reverse("admin:tenants_plan_change", args=[plan.pk])
    lower = plan_form(plan, memory=256 * 1024**2, max_containers=0)
    said = staff.post(url, lower).content.decode()
    assert (
        "Would be over: acme: 1 containers, the plan allows 0, memory of 8 GiB, the plan allows 256 MiB."
        in said.replace("\xa0", " ")
    )
    plan.refresh_from_db()
    assert plan.max_containers is None
    assert staff.post(url, {**lower, "anyway": "on"}).status_code == 302
    tasks.follow_plan(str(plan.pk))
    box.refresh_from_db()
    assert box.memory == 256 * 1024**2
    assert "acme: 1 containers, the plan allows 0" in staff.get(url).content.decode()
    event = AuditEvent.objects.get(action="admin:change", target_type="tenants.plan")
    assert event.detail == {"fields": ["max_containers", "memory"]}


def test_another_plan_for_a_tenant_is_followed(staff: Client, box: Container, tenant: Tenant) -> None:
    url = reverse("admin:tenants_tenant_change", args=[tenant.pk])
    free = Plan.objects.get(code="free")
    form = {"name": "Acme Ltd", "plan": free.pk, "memberships-TOTAL_FORMS": 0, "memberships-INITIAL_FORMS": 0}
    assert staff.post(url, form).status_code == 302
    tenant.refresh_from_db()
    box.refresh_from_db()
    assert (tenant.name, tenant.plan, box.memory) == ("Acme Ltd", free, free.memory)
    assert AuditEvent.objects.filter(action="tenant:plan", actor="staff@example.com").exists()
