"""Grants in the admin: revoked, looked at anew, and in need of attention when an end hangs."""

import datetime
import re

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from access.models import Grant
from containers.models import Container
from tenants import attention
from tenants.models import AuditEvent, User
from tests.conftest import converge
from tests.pages.conftest import signed_in
from tests.pages.sharing.conftest import give, text
from tests.pages.staff import act

pytestmark = pytest.mark.django_db


def test_staff_revoke_and_resync(staff: Client, alice: Client, people: str, box: Container) -> None:
    give(alice, people)
    give(alice, people, email="hal@example.com")
    converge()
    gina, hal = Grant.objects.get(email="gina@example.com"), Grant.objects.get(email="hal@example.com")
    before = [row.rings for row in box.publications.all()]
    change = reverse("admin:access_grant_change", args=[gina.pk])
    shown = staff.get(change).content.decode()
    assert all(f'name="action" value="{action}"' in shown for action in ("revoke", "resync"))
    assert f"{reverse('admin:cloudflare_publication_changelist')}?container__id__exact={box.pk}" in shown
    looking = User.objects.create_user("support@example.com", "secret", is_staff=True)
    looking.user_permissions.set(Permission.objects.filter(codename="view_grant"))
    shown = signed_in(looking).get(change)
    assert (shown.status_code, 'value="revoke"' in shown.content.decode()) == (200, False)
    assert "1 container is looked at now." in text(act(staff, "access_grant", "resync", gina, hal))
    assert [row.rings for row in box.publications.all()] == [count + 1 for count in before]
    assert AuditEvent.objects.get(action="admin:reconcile").target_id == str(box.pk)
    assert "1 is revoked." in text(act(staff, "access_grant", "revoke", gina))
    assert AuditEvent.objects.get(action="grant:revoke").actor == "staff@example.com"
    assert "0 are revoked." in text(act(staff, "access_grant", "revoke", gina))
    listed = reverse("admin:access_grant_changelist")
    Grant.objects.filter(pk=hal.pk).update(expires_at=None)
    for state, email in (("active", "hal@"), ("ending", "gina@")):
        words = text(staff.get(listed, {"state": state}))
        assert [each in words for each in ("hal@", "gina@")] == [each == email for each in ("hal@", "gina@")]
    converge()
    assert "gina@" in text(staff.get(listed, {"state": "revoked"}))
    assert "gina@" not in text(staff.get(listed, {"state": "ending"}))
    assert "grants (2)" in text(staff.get(reverse("admin:containers_container_change", args=[box.pk])))
    assert "gina@" in text(staff.get(listed, {"q": "box-acme", "ended_how": "revoked"}))


def test_an_end_that_hangs_needs_attention(staff: Client, alice: Client, people: str) -> None:
    give(alice, people)
    give(alice, people, email="hal@example.com")
    grant = Grant.objects.get(email="gina@example.com")
    alice.post(f"{people}{grant.pk}/revoke/")
    assert attention.items() == [], "a few seconds are nothing"
    Grant.objects.filter(pk=grant.pk).update(ended_at=timezone.now() - datetime.timedelta(seconds=42))
    Grant.objects.filter(email="hal@example.com").update(expires_at=timezone.now() - datetime.timedelta(minutes=5))
    index = staff.get("/admin/")
    words = text(index)
    assert "Nothing does." not in words
    both = r"hal@example\.com and gina@example\.com may still get into box-acme\.\S+ For 5.minutes\. No worker"
    assert re.search(both, words)
    row = grant.container.publications.get()
    assert reverse("admin:cloudflare_publication_change", args=[row.pk]) in index.content.decode()
    support = signed_in(User.objects.create_user("support@example.com", "secret", is_staff=True))
    assert "gina@" not in text(support.get("/admin/"))
    converge()
    Grant.objects.filter(email="hal@example.com").update(out_at=timezone.now())
    assert "Needs attention Nothing does." in text(staff.get("/admin/"))
