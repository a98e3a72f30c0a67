"""The admin: every list and form opens for staff and for nobody else, and no secret is ever on them."""

from typing import Any

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from cloudflare.models import Account, Tunnel
from containers import admission
from containers.engine.memory import MemoryEngine
from containers.models import Container, Template
from tenants.models import AuditEvent, Plan, Tenant, User
from tests.conftest import converge

pytestmark = pytest.mark.django_db


@pytest.fixture
def box(owner: User, tenant: Tenant, template: Template, memory: MemoryEngine, zone: Any) -> Container:
    made = admission.create(actor=owner, tenant=tenant, template=template, name="box")
    converge()
    return made


@pytest.fixture
def staff(db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("staff@example.com", "secret"))
    return client


def _ours() -> list[Any]:
    apps = {"tenants", "containers", "cloudflare"}
    return [model for model in admin.site._registry if model._meta.app_label in apps]


@pytest.mark.parametrize("model", _ours(), ids=lambda model: model._meta.model_name)
def test_every_page_opens_and_shows_no_secret(staff: Client, box: Container, model: Any) -> None:
    secrets = [Account.objects.get().api_token, Tunnel.objects.get().secret, Tunnel.objects.get().token]
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
    pages = [staff.get(reverse(f"{name}_changelist"), {"q": "x"}), staff.get(reverse(f"{name}_changelist"))]
    if (row := model.objects.first()) is not None:
        pages.append(staff.get(reverse(f"{name}_change", args=[row.pk])))
    for page in pages:
        assert page.status_code == 200
        assert not any(secret in page.content.decode() for secret in secrets)
    owner = Client()
    owner.force_login(User.objects.get(email="alice@example.com"))
    assert owner.get(reverse(f"{name}_changelist")).status_code == 302


def test_a_token_stays_when_it_is_left_empty_and_changes_when_it_is_given(staff: Client, box: Container) -> None:
    account = Account.objects.get()
    before, url = account.api_token, reverse("admin:cloudflare_account_change", args=[account.pk])
    form = {"name": "New", "account_id": account.account_id, "max_tunnels": 5, "max_applications": 5, "enabled": "on"}
    assert staff.post(url, {**form, "api_token": ""}).status_code == 302
    account.refresh_from_db()
    assert (account.name, account.api_token) == ("New", before)
    staff.post(url, {**form, "api_token": "another"})
    account.refresh_from_db()
    assert account.api_token == "another"


def test_staff_delete_by_request_and_it_is_on_record(staff: Client, box: Container) -> None:
    url = reverse("admin:containers_container_changelist")
    staff.post(url, {"action": "delete_outside", "_selected_action": [str(box.pk)]})
    converge()
    box.refresh_from_db()
    assert box.deleted_at is not None
    assert AuditEvent.objects.filter(action="container:delete", actor="staff@example.com").exists()
    assert staff.post(reverse("admin:containers_container_delete", args=[box.pk])).status_code == 403


def test_staff_suspend_with_a_reason_and_resume(staff: Client, box: Container, tenant: Tenant) -> None:
    url = reverse("admin:tenants_tenant_changelist")
    chosen = {"_selected_action": [str(tenant.pk)]}
    asked = staff.post(url, {"action": "suspend", **chosen})
    assert "Its people read this sentence" in asked.content.decode()
    assert staff.post(url, {"action": "suspend", "reason": "", **chosen}).status_code == 200
    tenant.refresh_from_db()
    assert not tenant.suspended, "nothing is suspended without a reason"
    assert staff.post(url, {"action": "suspend", "reason": "Overdue.", **chosen}).status_code == 302
    tenant.refresh_from_db()
    assert (tenant.suspended, tenant.suspended_reason) == (True, "Overdue.")
    staff.post(url, {"action": "resume", **chosen})
    tenant.refresh_from_db()
    assert not tenant.suspended
    actions = AuditEvent.objects.filter(actor="staff@example.com").values_list("action", flat=True)
    assert {"tenant:suspend", "tenant:resume"} <= set(actions)


def test_staff_delete_a_tenant_only_after_they_were_asked(staff: Client, box: Container, tenant: Tenant) -> None:
    url = reverse("admin:tenants_tenant_changelist")
    chosen = {"action": "close", "_selected_action": [str(tenant.pk)]}
    assert "There is no way back" in staff.post(url, chosen).content.decode()
    tenant.refresh_from_db()
    assert tenant.deleted_at is None
    staff.post(url, {**chosen, "sure": "yes"})
    converge()
    box.refresh_from_db()
    assert box.deleted_at is not None


def _plan_form(plan: Plan, **changes: Any) -> dict[str, Any]:
    names = ("code", "name", "max_containers", "memory", "cpu", "storage", "bandwidth")
    return {name: value for name in names if (value := getattr(plan, name)) is not None} | changes


def test_a_plan_is_lowered_only_after_a_look_at_who_would_be_over(staff: Client, box: Container) -> None:
    plan = box.tenant.plan
    url = reverse("admin:tenants_plan_change", args=[plan.pk])
    lower = _plan_form(plan, memory=256 * 1024**2, max_containers=0)
    said = staff.post(url, lower).content.decode()
    assert "Would be over: acme: 1 containers, the plan allows 0, memory of 8192 MiB, the plan allows 256." in said
    plan.refresh_from_db()
    assert plan.max_containers is None
    assert staff.post(url, {**lower, "anyway": "on"}).status_code == 302
    box.refresh_from_db()
    assert box.memory == 256 * 1024**2
    assert "acme: 1 containers, the plan allows 0" in staff.get(url).content.decode()
    assert AuditEvent.objects.get(action="plan:edit").detail == {"fields": ["max_containers", "memory"]}
    assert staff.post(reverse("admin:tenants_plan_delete", args=[plan.pk]), {"post": "yes"}).status_code == 403


def test_another_plan_for_a_tenant_is_followed(staff: Client, box: Container, tenant: Tenant) -> None:
    url = reverse("admin:tenants_tenant_change", args=[tenant.pk])
    free = Plan.objects.get(code="free")
    form = {"name": "Acme Ltd", "plan": free.pk, "memberships-TOTAL_FORMS": 0, "memberships-INITIAL_FORMS": 0}
    assert staff.post(url, form).status_code == 302
    tenant.refresh_from_db()
    box.refresh_from_db()
    assert (tenant.name, tenant.plan, box.memory) == ("Acme Ltd", free, free.memory)
    assert AuditEvent.objects.filter(action="tenant:plan", actor="staff@example.com").exists()
