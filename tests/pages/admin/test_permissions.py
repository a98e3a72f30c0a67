"""Staff see and do what Django's permissions let them, and nothing else."""

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from cloudflare.models import (
    Account,
    Connector,
    Publication,
    Tunnel,
    Zone,
)
from containers.models import Container, Network
from tenants.models import AuditEvent
from tests.pages.admin.conftest import ours
from tests.pages.staff import act, support

pytestmark = pytest.mark.django_db


def test_who_may_only_look_changes_nothing(staff: Client, box: Container) -> None:
    """Every list and page opens read-only, no action is offered or taken, and no secret is shown."""
    looking = support(*Permission.objects.filter(codename__startswith="view_").values_list("codename", flat=True))
    secrets = [Account.objects.get().api_token, Tunnel.objects.get().secret, Tunnel.objects.get().token]
    for model in ours():
        name = f"{model._meta.app_label}_{model._meta.model_name}"
        assert looking.get(reverse(f"admin:{name}_changelist")).status_code == 200
        if (row := model.objects.first()) is not None:
            page = looking.get(reverse(f"admin:{name}_change", args=[row.pk]))
            assert page.status_code == 200
            assert not any(secret in page.content.decode() for secret in secrets)
            assert b'name="_save"' not in page.content
            assert looking.post(reverse(f"admin:{name}_change", args=[row.pk])).status_code == 403
        assert looking.get(reverse(f"admin:{name}_add")).status_code == 403
    before = AuditEvent.objects.count()
    for action in ("reconcile_now", "retry", "delete_outside"):
        act(looking, "containers_container", action, box, post="yes")
    for model in (Network, Tunnel, Connector, Publication, Zone):
        act(looking, f"{model._meta.app_label}_{model._meta.model_name}", "reconcile_now", model.objects.first())
    box.refresh_from_db()
    assert box.desired == "running"
    assert AuditEvent.objects.count() == before


def test_who_may_change_containers_may_act_on_them_and_on_nothing_else(staff: Client, box: Container) -> None:
    client = support("view_container", "change_container", "view_tunnel")
    assert "1 is looked at now." in act(client, "containers_container", "reconcile_now", box).content.decode()
    act(client, "cloudflare_tunnel", "reconcile_now", Tunnel.objects.get())
    assert AuditEvent.objects.filter(action="admin:reconcile").count() == 1
    assert client.get(reverse("admin:tenants_plan_changelist")).status_code == 403
