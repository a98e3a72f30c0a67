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
    people = [f"{name}@example.com" for name in ("gina", "hal", "ivy", "jo")]
    grants = sharing.share(box, actor=owner, emails=people, permission="view")
    converge()
    assert attention.items() == []
    for grant in grants:
        sharing.revoke(grant, actor=owner)
    assert attention.items() == [], "it was only just said"
    cloud.fault(kind="status", status=500, path="/access/apps/")
    converge()
    (item,) = attention.items()
    assert item.title == f"gina@example.com, hal@example.com and 2 more may still get into {box.hostname}"
    assert item.since == Grant.objects.get(email="gina@example.com").ended_at
    assert "Cloudflare answered with a fault of its own" in item.detail
    assert item.url.endswith(f"/publication/{Publication.objects.get(container=box).pk}/change/")
    joined.delete()
    converge()
    first, second = attention.items()
    assert first.title == item.title
    assert second.title == f"Somebody who lost access may still get into {other.hostname}"
    cloud.heal()
    Publication.objects.all().retry()
    converge()
    assert attention.items() == []


def test_an_outage_does_not_fill_the_page(
    create: Any, cloud: Cloud, owner: User, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any
) -> None:
    monkeypatch.setattr(attention, "SHOWN", 2)
    for name in ("a", "b", "c", "d"):
        sharing.share(create(name), actor=owner, emails=[f"{name}@example.com"], permission="view")
    converge()
    for grant in Grant.objects.order_by("email"):
        sharing.revoke(grant, actor=owner)
    cloud.fault(kind="status", status=500, path="/revoke_user")
    converge()
    (item,) = attention.items()
    assert item.title == "a@example.com, b@example.com and 2 more could not be signed out at Cloudflare"
    assert "/signout/?account__id__exact=" in item.url
    for number, grant in enumerate(Grant.objects.order_by("email")):
        grant.out_at, grant.ended_at = None, timezone.now() - datetime.timedelta(seconds=50 - number)
        grant.save()
    with django_assert_num_queries(6):
        said = [item.title for item in attention.items()]
    assert len(said) == 4
    assert said[0].startswith("a@example.com may still get into a-acme.")
    assert said[2] == "People may still get into 2 more containers"


def test_a_revocation_that_no_worker_comes_to(create: Any, owner: User, django_assert_num_queries: Any) -> None:
    box = create()
    (grant,) = sharing.share(box, actor=owner, emails=["gina@example.com"], permission="view")
    converge()
    sharing.revoke(grant, actor=owner)
    Grant.objects.update(ended_at=timezone.now() - datetime.timedelta(minutes=2))
    with django_assert_num_queries(4):
        (item,) = attention.items()
    assert (item.title.split()[0], "worker" in item.detail) == ("gina@example.com", True)
    Publication.objects.update(gone_at=timezone.now())
    (item,) = attention.items()
    assert item.url.endswith(f"/grant/?state=ending&container__id__exact={box.pk}")
