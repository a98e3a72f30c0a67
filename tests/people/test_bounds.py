"""What does not grow without end: old invitations go, and a page shows no more than it can hold."""

import datetime

import pytest
from django.utils import timezone

from tenants import tasks
from tenants.models import ApiToken, Invitation, Membership, Tenant, User
from tests.people.conftest import pages

pytestmark = pytest.mark.django_db


def test_old_invitations_are_dropped_whatever_came_of_them(tenant: Tenant) -> None:
    now, long_ago = timezone.now(), timezone.now() - datetime.timedelta(days=91)
    for number, facts in enumerate(({}, {"accepted_at": long_ago}, {"withdrawn_at": long_ago})):
        for when, word in ((now, "late"), (long_ago, "old")):
            Invitation.objects.create(tenant=tenant, email=f"{word}{number}@example.com", expires_at=when, **facts)
    tasks.prune()
    left = Invitation.objects.order_by("email").values_list("email", flat=True)
    assert list(left) == [f"late{number}@example.com" for number in range(3)]


def test_pages_show_two_hundred_and_say_that_there_are_more(owner: User, tenant: Tenant) -> None:
    page = pages(owner)
    people = [User(email=f"u{number}@example.com") for number in range(200)]
    User.objects.bulk_create(people)
    for number in range(200):
        ApiToken.objects.create(user=owner, name=f"t{number}")
    Membership.objects.bulk_create(Membership(tenant=tenant, user=user) for user in people[:199])
    Invitation.objects.bulk_create(Invitation(tenant=tenant, email=f"i{number}@example.com") for number in range(200))
    for url in ("/tenants/acme/members/", "/account/tokens/"):
        assert "are shown" not in page.get(url).content.decode(), url
    Membership.objects.create(tenant=tenant, user=people[199])
    Invitation.objects.create(tenant=tenant, email="last@example.com")
    ApiToken.objects.create(user=owner, name="last")
    text = page.get("/tenants/acme/members/").content.decode()
    assert "The first 200 are shown" in text
    assert "The latest 200 are shown" in text
    assert "u199@example.com" not in text
    assert "The latest 200 are shown" in page.get("/account/tokens/").content.decode()
