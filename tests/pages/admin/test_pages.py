"""Every list and form opens for staff and for nobody else, shows no secret, and leads to what belongs to it."""

import re
from html import unescape

import pytest
from django.test import Client
from django.urls import reverse

from cloudflare.models import (
    Account,
    Tunnel,
)
from containers.models import Container, ContainerStatus
from tenants.models import User
from tests.pages.admin.conftest import ours

pytestmark = pytest.mark.django_db


def test_every_page_opens_and_shows_no_secret(staff: Client, box: Container) -> None:
    secrets = [Account.objects.get().api_token, Tunnel.objects.get().secret, Tunnel.objects.get().token]
    owner = Client()
    owner.force_login(User.objects.get(email="alice@example.com"))
    for model in ours():
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        pages = [staff.get(reverse(f"{name}_changelist"), {"q": "x"}), staff.get(reverse(f"{name}_changelist"))]
        if (row := model.objects.first()) is not None:
            pages.append(staff.get(reverse(f"{name}_change", args=[row.pk])))
        for page in pages:
            assert page.status_code == 200, name
            assert not any(secret in page.content.decode() for secret in secrets), name
        assert owner.get(reverse(f"{name}_changelist")).status_code == 302, name


def test_a_tenants_page_leads_to_what_is_its(staff: Client, box: Container) -> None:
    page = staff.get(reverse("admin:tenants_tenant_change", args=[box.tenant.pk])).content.decode()
    for path in re.findall(r'href="(/admin/[^"]+\?[^"]*)"', page):
        answer = staff.get(unescape(path))
        assert answer.status_code == 200, path
    assert "containers (1)" in page
    assert "on record" in page
    assert "publications (1)" in staff.get(reverse("admin:containers_container_change", args=[box.pk])).content.decode()
    listed = staff.get(reverse("admin:cloudflare_publication_changelist"), {"container__tenant__id__exact": 10**6})
    assert box.hostname not in listed.content.decode()


def test_steps_are_lines_that_can_be_read(staff: Client, box: Container) -> None:
    page = staff.get(reverse("admin:containers_container_change", args=[box.pk])).content.decode()
    assert re.search(r"<div>Image done [\d.]+\sm?s</div>", page)
    assert "started_at&quot;" not in page


def test_over_its_storage_is_a_filter(staff: Client, box: Container) -> None:
    ContainerStatus.objects.filter(pk=box.pk).update(storage_used=box.storage + 1)
    url = reverse("admin:containers_container_changelist")
    assert box.hostname in staff.get(url, {"storage": "over"}).content.decode()
    assert box.hostname in staff.get(url, {"storage": "measured"}).content.decode()
    ContainerStatus.objects.filter(pk=box.pk).update(storage_used=box.storage, storage_capped=True)
    assert box.hostname not in staff.get(url, {"storage": "over"}).content.decode()
    assert box.hostname not in staff.get(url, {"storage": "measured"}).content.decode()


def test_a_containers_limits_are_read_as_sizes(staff: Client, box: Container) -> None:
    Container.objects.filter(pk=box.pk).update(memory=128 << 20, cpu=250)
    ContainerStatus.objects.filter(pk=box.pk).update(storage_used=3 << 29)
    page = staff.get(reverse("admin:containers_container_change", args=[box.pk])).content.decode()
    for words in ("128\N{NO-BREAK SPACE}MiB", "0.25", "1.5\N{NO-BREAK SPACE}GiB"):
        assert words in page
    assert str(128 << 20) not in page
