"""What staff have done to containers and tenants from a list."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from cloudflare.models import (
    Connector,
    Publication,
    Tunnel,
    Zone,
)
from containers.models import Container, ContainerStatus, Network
from tenants.models import AuditEvent, Tenant
from tests.conftest import converge
from tests.pages.staff import act

pytestmark = pytest.mark.django_db


def test_staff_delete_by_request_once_they_confirm_it(staff: Client, box: Container) -> None:
    asked = act(staff, "containers_container", "delete_outside", box).content.decode()
    assert "There is no way back" in asked
    assert box.hostname in asked
    box.refresh_from_db()
    assert box.desired == "running"
    said = act(staff, "containers_container", "delete_outside", box, post="yes").content.decode()
    assert "1 is being deleted." in said
    converge()
    box.refresh_from_db()
    assert box.deleted_at is not None
    assert AuditEvent.objects.filter(action="container:delete", actor="staff@example.com").exists()
    assert staff.post(reverse("admin:containers_container_delete", args=[box.pk])).status_code == 403
    again = act(staff, "containers_container", "delete_outside", box, post="yes").content.decode()
    assert "0 are being deleted." in again


def due(*rows: Any) -> list[bool]:
    return [type(row).objects.due().filter(pk=row.pk).exists() for row in rows]


def test_staff_have_a_container_looked_at_with_its_publication(staff: Client, box: Container) -> None:
    assert due(box.status, *Publication.objects.all()) == [False, False]
    assert "1 is looked at now." in act(staff, "containers_container", "reconcile_now", box).content.decode()
    assert due(box.status, *Publication.objects.all()) == [True, True]
    row = AuditEvent.objects.get(action="admin:reconcile")
    assert (row.actor, row.target_id, row.tenant) == ("staff@example.com", str(box.pk), "acme")


def test_staff_retry_what_failed(staff: Client, box: Container) -> None:
    ContainerStatus.objects.update(failures=3, code="name_taken", retrying=False)
    assert "1 is tried again now." in act(staff, "containers_container", "retry", box).content.decode()
    box.status.refresh_from_db()
    assert (box.status.failures, box.status.code) == (0, "")
    assert AuditEvent.objects.filter(action="container:retry", actor="staff@example.com").exists()


@pytest.mark.parametrize("model", [Network, Tunnel, Connector, Publication, Zone], ids=lambda model: model.__name__)
def test_staff_have_anything_of_the_loop_looked_at(staff: Client, box: Container, model: Any) -> None:
    row = model.objects.order_by("-pk").first()
    before = row.rings
    name = f"{model._meta.app_label}_{model._meta.model_name}"
    assert "1 is looked at now." in act(staff, name, "reconcile_now", row).content.decode()
    row.refresh_from_db()
    assert row.rings == before + 1
    assert AuditEvent.objects.get(action="admin:reconcile").target_type == model._meta.label_lower


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
