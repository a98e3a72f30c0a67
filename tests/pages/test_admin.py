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
from tenants.models import AuditEvent, Tenant, User
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
