"""The pages of a tenant: what is used of the plan, who belongs to it, and its settings."""

import datetime
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from access.models import Grant
from containers import admission
from containers.models import Container, Template, Traffic
from tenants.models import Invitation, Membership, Plan, Role, Tenant, User
from tenants.pages.tenant import next_month
from tests.conftest import make_tenant

pytestmark = pytest.mark.django_db


def signed_in(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


@pytest.fixture
def member(tenant: Tenant) -> User:
    made = User.objects.create_user("bob@example.com", "secret")
    Membership.objects.create(tenant=tenant, user=made, role=Role.MEMBER)
    return made


@pytest.fixture
def box(owner: User, tenant: Tenant, template: Template, memory: Any, zone: Any) -> Container:
    made: Container = admission.create(actor=owner, tenant=tenant, template=template, name="box")
    return made


def test_what_is_used_of_the_plan(owner: User, tenant: Tenant, box: Container) -> None:
    month = timezone.now().astimezone(datetime.UTC).date().replace(day=1)
    Traffic.objects.create(container=box, month=month, received=2**30, sent=2**29)
    for email, ended in [
        ("dora@example.com", None),
        ("dora@example.com", timezone.now()),
        ("e@example.com", timezone.now()),
    ]:
        Grant.objects.create(container=box, email=email, permission="view", granted_by=owner, ended_at=ended)
    Plan.objects.filter(pk=tenant.plan_id).update(
        max_containers=1, max_guests=4, bandwidth=3 * 2**30, memory=2**33, internet=False, grant_days=30
    )
    for path in ("/tenants/acme/", "/tenants/acme/usage/"):
        text = " ".join(signed_in(owner).get(path).content.decode().replace("\xa0", " ").split())
        for said in (
            '1 <span class="of">of 1',
            '1 <span class="of">of 4',
            '1.5 GiB <span class="of">of 3 GiB',
            "at most 30 days",
        ):
            assert said in text, said
        assert '<progress class="bar over" max="100" value="100" aria-label="Containers">' in text
        assert "More is used than the plan allows" not in text


def test_over_the_plan_names_the_limit_and_both_ways_out(owner: User, tenant: Tenant, box: Container) -> None:
    Plan.objects.filter(pk=tenant.plan_id).update(max_containers=0)
    text = signed_in(owner).get("/tenants/acme/").content.decode()
    for said in ("1 containers, the plan allows 0", "Delete or shrink what is over it", "for a larger plan"):
        assert said in text, said


def test_traffic_is_counted_anew_with_the_month() -> None:
    at = datetime.datetime(2026, 12, 31, 23, 59, tzinfo=datetime.UTC)
    assert next_month(at) == datetime.datetime(2027, 1, 1, tzinfo=datetime.UTC)
    ahead = datetime.timezone(datetime.timedelta(hours=2))
    assert next_month(datetime.datetime(2026, 2, 1, 1, tzinfo=ahead)) == datetime.datetime(
        2026, 2, 1, tzinfo=datetime.UTC
    )


def test_who_may_what_on_which_tab(owner: User, member: User) -> None:
    for person, tabs in [(owner, 4), (member, 3)]:
        for path in ("", "members/", "settings/"):
            page = signed_in(person).get(f"/tenants/acme/{path}").content.decode()
            nav = page.partition('<nav class="tabs"')[2].partition("</nav>")[0]
            assert (nav.count("<a "), nav.count('aria-current="page"')) == (tabs, 1), (person, path)
            assert ("Last sign-in" in page) == (path == "members/" and person == owner)
    assert "Delete the tenant" not in signed_in(member).get("/tenants/acme/settings/").content.decode()


def test_what_is_asked_stands_in_one_part_of_the_page(owner: User, member: User) -> None:
    """That part is what the dialog takes; its form goes to the page itself, and *Cancel* to where it was asked."""
    key = Membership.objects.get(user=member).pk
    page = signed_in(owner)
    for path, back in [
        (f"members/{key}/role/", "members/"),
        (f"members/{key}/hand-over/", "members/"),
        (f"members/{key}/remove/", "members/"),
        ("leave/", "settings/"),
        ("delete/", "settings/"),
        ("name/", "settings/"),
    ]:
        asked = page.get(f"/tenants/acme/{path}").content.decode().partition('id="ask"')[2].partition("</section>")[0]
        assert '<form method="post"' in asked, path
        assert "csrfmiddlewaretoken" in asked, path
        assert f'href="/tenants/acme/{back}" data-dialog-close' in asked, path
        assert asked.count("<h1>") == 1, path


def test_open_invitations_and_no_mail(owner: User, tenant: Tenant, settings: Any) -> None:
    Invitation.objects.create(tenant=tenant, email="dora@example.com", invited_by=owner)
    gone = timezone.now() - datetime.timedelta(days=1)
    Invitation.objects.create(tenant=tenant, email="erik@example.com", expires_at=gone)
    page = signed_in(owner).get("/tenants/acme/members/").content.decode()
    assert "open until <time" in " ".join(page.split())
    assert "expired; invite again" in page
    assert "Send the invitation" in page
    settings.EMAIL_URL = ""
    page = signed_in(owner).get("/tenants/acme/members/").content.decode()
    assert "sends no mail" in page
    assert "Send the invitation" not in page, "it could only be refused"


def test_a_suspended_tenant_says_why_on_each(owner: User, tenant: Tenant) -> None:
    Tenant.objects.update(suspended_at=timezone.now(), suspended_reason="The invoice is overdue.")
    for path in ("", "members/", "settings/"):
        assert "is suspended: The invoice is overdue." in signed_in(owner).get(f"/tenants/acme/{path}").content.decode()


def test_staff_read_the_log_without_being_members(owner: User) -> None:
    make_tenant("globex", owner)
    page = (
        signed_in(User.objects.create_superuser("root@example.com", "secret"))
        .get("/activity/", {"tenant": "globex"})
        .content.decode()
    )
    assert "<h1" in page
    assert '<nav class="tabs"' not in page, "its tabs would all be closed to them"
