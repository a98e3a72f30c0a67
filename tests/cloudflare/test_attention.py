"""What the admin's first page says: who may still be in that should be out, since when, and why."""

import datetime
from typing import Any

import pytest
from django.utils import timezone

from access import sharing
from access.models import Grant
from cloudflare import attention
from cloudflare.models import Publication
from tenants.models import Membership, User
from tests.conftest import converge
from tests.parts import Cloud

pytestmark = pytest.mark.django_db


def test_a_revocation_that_cloudflare_does_not_take(create: Any, cloud: Cloud, owner: User, tenant: Any) -> None:
    box, other = create(), create("other")
    bob = User.objects.create_user("bob@example.com", "secret")
    joined = Membership.objects.create(tenant=tenant, user=bob)
    (grant,) = sharing.share(box, actor=owner, emails=["gina@example.com"], permission="view")
    converge()
    assert attention.items() == []
    sharing.revoke(grant, actor=owner)
    assert attention.items() == [], "it was only just said"
    cloud.fault(kind="status", status=500, path="/access/apps/")
    converge()
    (item,) = attention.items()
    assert box.hostname in item.title
    assert item.since == Grant.objects.get().ended_at
    assert "Cloudflare answered with a fault of its own" in item.detail
    assert item.url.endswith(f"/publication/{Publication.objects.get(container=box).pk}/change/")
    joined.delete()
    converge()
    assert {box.hostname, other.hostname} == {item.title.split()[-5] for item in attention.items()}
    cloud.heal()
    Publication.objects.all().retry()
    converge()
    assert attention.items() == []


def test_a_revocation_that_no_worker_comes_to(create: Any, owner: User, django_assert_num_queries: Any) -> None:
    box = create()
    (grant,) = sharing.share(box, actor=owner, emails=["gina@example.com"], permission="view")
    converge()
    sharing.revoke(grant, actor=owner)
    Grant.objects.update(ended_at=timezone.now() - datetime.timedelta(minutes=2))
    with django_assert_num_queries(2):
        (item,) = attention.items()
    assert "worker" in item.detail
