"""The console: its first page, a tenant's page and the search, each for a constant number of queries."""

import datetime
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from access import sharing
from access.models import Grant
from cloudflare.models import Account, Publication, Seat, Tunnel, Zone
from config.console import growth
from containers import standings
from containers.lifecycle import of as lifecycle_of
from containers.models import Condition, Container, ContainerStatus, Template
from monitoring.models import Sample
from tenants import audit
from tenants.events import Action
from tenants.models import AuditEvent, Invitation, Plan, Tenant, User
from tests.conftest import make_tenant
from tests.pages.staff import support

pytestmark = pytest.mark.django_db


def queries(client: Client, url: str) -> int:
    with CaptureQueriesContext(connection) as made:
        assert client.get(url).status_code == 200
    return len(made)


def more_of_everything(tenant: Tenant, template: Template, zone: Zone, count: int) -> None:
    """Rows alone, as many of each: containers of the tenant with all that hangs on one, tenants, accounts."""
    now = timezone.now()
    boxes = [
        Container(
            tenant=tenant,
            template=template,
            name=f"b{number}",
            image="i",
            port=80,
            memory=2**27,
            hostname=f"b{number}-acme.example",
            engine_name=f"b{number}",
            cpu=250,
            storage=2**30,
        )
        for number in range(count)
    ]
    Container.objects.bulk_create(boxes)
    statuses = [ContainerStatus(container=box, state="running", next_check_at=None) for box in boxes]
    ContainerStatus.objects.bulk_create(statuses, ignore_conflicts=True)
    Condition.objects.bulk_create(Condition(container=box, type="Running", status=True) for box in boxes)
    numbers = dict.fromkeys(("cpu_percent", "memory_used", "memory_limit", "network_rx", "network_tx"), 1)
    Sample.objects.bulk_create(Sample(container=box, sampled_at=now, **numbers) for box in boxes)
    Grant.objects.bulk_create(
        Grant(container=box, email=f"g{at}@example.com", permission="view") for at, box in enumerate(boxes)
    )
    tunnel = Tunnel.objects.filter(tenant=tenant).first()
    Publication.objects.bulk_create(
        Publication(container=box, zone=zone, tunnel=tunnel, hostname=box.hostname, next_check_at=None) for box in boxes
    )
    plan = Plan.objects.get(code="pro")
    Tenant.objects.bulk_create(Tenant(slug=f"t{number}", name=f"T{number}", plan=plan) for number in range(count))
    for number in range(count):
        audit.record(Action.CONTAINER_START, actor=None, target=boxes[number], tenant=tenant)
        Invitation.objects.create(tenant=tenant, email=f"i{number}@example.com")


def accounts(count: int) -> None:
    for number in range(count):
        account = Account.objects.create(name=f"A{number}", account_id=f"a{number}", api_token="t")
        Zone.objects.create(account=account, zone_id=f"z{number}", domain=f"{number}.example", next_check_at=None)
        Seat.objects.create(account=account, email="dora@example.com", user_id="u", seat_uid="s")


def test_the_first_page_costs_the_same_whatever_there_is(
    staff: Client, box: Container, template: Template, zone: Zone
) -> None:
    home = reverse("admin:index")
    queries(staff, home)
    few = queries(staff, home)
    more_of_everything(box.tenant, template, zone, 100)
    accounts(5)
    assert queries(staff, home) == few
    assert few <= 40


def test_a_tenants_page_costs_the_same_with_a_hundred_containers(
    staff: Client, box: Container, owner: User, template: Template, zone: Zone
) -> None:
    sharing.share(box, actor=owner, emails=["dora@example.com"], permission="view")
    Sample.objects.create(container=box, sampled_at=timezone.now(), **dict.fromkeys(_NUMBERS, 1))
    url = reverse("admin:tenants_tenant_change", args=[box.tenant.pk])
    queries(staff, url)
    few = queries(staff, url)
    more_of_everything(box.tenant, template, zone, 100)
    assert queries(staff, url) == few
    assert few <= 50


_NUMBERS = ("cpu_percent", "memory_used", "memory_limit", "network_rx", "network_tx")


def test_the_first_page_says_how_it_stands(staff: Client, box: Container, tenant: Tenant, zone: Zone) -> None:
    Account.objects.update(max_seats=50, name="Production")
    Seat.objects.create(account=zone.account, email="dora@example.com", user_id="u", seat_uid="s")
    Zone.objects.update(max_records=200, foreign_records=150)
    page = staff.get(reverse("admin:index"))
    words = " ".join(page.content.decode().split())
    assert page.context["tenants"] | {"new_url": "", "suspended_url": ""} == {
        "count": 1,
        "new": 1,
        "suspended": 0,
        "new_url": "",
        "suspended_url": "",
    }
    assert {name: count for name, _, count, _ in page.context["containers"]["states"] if count} == {"running": 1}
    (room,) = page.context["rooms"]
    assert [room.tunnels.used, room.tunnels.limit] == [1, 1000]
    assert [room.applications.used, room.applications.limit] == [2, 500]  # its own, and the guard's
    assert [room.records[0].count.used, room.records[0].count.limit] == [151, 200]
    assert [room.seats.used, room.seats.limit] == [1, 50]
    assert room.calls.used > 0
    for text in ("Production", "2 / 500", "151 / 200", "1 / 50", "Nothing does.", "<polyline points="):
        assert text in words, text
    for _, _, _, url in page.context["containers"]["states"]:
        assert staff.get(url).status_code == 200
    assert box.hostname in staff.get(f"{reverse('admin:containers_container_changelist')}?standing=running").text
    for name in ("new_url", "suspended_url"):
        assert staff.get(page.context["tenants"][name]).status_code == 200


def test_staff_see_the_parts_that_they_may_view() -> None:
    page = support("view_tenant").get(reverse("admin:index"))
    assert "tenants-title" in page.text
    for part in ("containers-title", "cloudflare-title", "attention-title", "/admin/cloudflare/"):
        assert part not in page.text


def test_what_redis_counts_is_said_to_be_unknown_without_it(
    staff: Client, box: Container, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.REDIS_URL = "unix:///nowhere/redis.sock"
    page = staff.get(reverse("admin:index"))
    assert "not known: Redis is away" in page.text


def test_each_container_stands_in_one_place(staff: Client, box: Container, owner: User, template: Template) -> None:
    def stands() -> str:
        found = [name for name in standings.NAMES if Container.objects.filter(standings.where(name), pk=box.pk)]
        assert len(found) == 1
        assert standings.count(Container.objects.filter(pk=box.pk))[found[0]] == 1
        return found[0]

    def change(**fields: Any) -> None:
        status = {name: value for name, value in fields.items() if name in {"code", "state"}}
        Container.objects.filter(pk=box.pk).update(**{n: v for n, v in fields.items() if n not in status})
        ContainerStatus.objects.filter(pk=box.pk).update(**status)

    assert stands() == "running"
    change(state="absent")
    assert stands() == "starting"
    change(state="exited")
    assert stands() == "failing"
    assert lifecycle_of(Container.objects.get(pk=box.pk))[0] == "error"
    change(state="running", code="image_missing")
    assert stands() == "failing"
    change(code="", desired="stopped", state="exited")
    assert stands() == "stopped"
    change(suspended=True)
    assert stands() == "suspended"
    change(desired="absent")
    assert stands() == "deleting"
    Container.objects.filter(pk=box.pk).update(deleted_at=timezone.now())
    assert not any(standings.count(Container.objects.all()).values())


def test_growth_counts_who_came_and_who_went(owner: User) -> None:
    def ago(days: int) -> datetime.datetime:
        return timezone.now() - datetime.timedelta(days=days)

    for slug, came, went in (("old", 90, None), ("gone", 80, 40), ("left", 50, 5), ("new", 10, None), ("brief", 8, 3)):
        tenant = make_tenant(slug, owner)
        Tenant.objects.filter(pk=tenant.pk).update(created_at=ago(came), deleted_at=ago(went) if went else None)
    found = growth.of(Tenant.objects.all())
    by_age = dict(zip(range(29, -1, -1), found.counts, strict=True))
    assert [by_age[days] for days in (29, 11, 10, 8, 5, 3, 0)] == [2, 2, 3, 4, 3, 2, 2]
    assert (found.now, found.more) == (2, 0)
    assert found.points.startswith("0.0,")
    assert found.points.count(" ") == 29
    assert growth.of(Tenant.objects.none()).points.endswith("600.0,114.0")


def test_a_tenants_page_says_how_it_does(staff: Client, box: Container, owner: User, tenant: Tenant) -> None:
    sharing.share(box, actor=owner, emails=["dora@example.com"], permission="operate")
    now = dict.fromkeys(_NUMBERS, 1) | {"cpu_percent": 12.5, "memory_used": 3 * 2**20}
    Sample.objects.create(container=box, sampled_at=timezone.now(), **now)
    url = reverse("admin:tenants_tenant_change", args=[tenant.pk])
    words = staff.get(url).text
    shown = ("Usage on the plan Enterprise", "12.5 %", "3\xa0MiB", "running", "dora@example.com", "Share the container")
    for text in shown:
        assert text in words, text
    for text in ("View as this tenant", "Suspend…", "Delete…"):
        assert text in words, text
    Sample.objects.update(sampled_at=timezone.now() - datetime.timedelta(minutes=5))
    assert "12.5 %" not in staff.get(url).text, "an old number says nothing about now"
    form = {"action": "suspend", "_selected_action": [str(tenant.pk)], "reason": "Overdue."}
    staff.post(f"{reverse('admin:tenants_tenant_changelist')}?id__exact={tenant.pk}", form)
    words = staff.get(url).text
    assert "Overdue." in words
    assert "Resume" in words
    assert "Suspend…" not in words


def test_a_tenants_page_shows_what_one_may_view(tenant: Tenant) -> None:
    words = support("view_tenant").get(reverse("admin:tenants_tenant_change", args=[tenant.pk])).text
    assert "usage-title" in words
    for part in ("containers-title", "grants-title", "audit-title", "View as this tenant", "Suspend…", "Delete…"):
        assert part not in words


def found(client: Client, term: str) -> list[str]:
    page = client.get(reverse("admin:search"), {"s": term, "extended": "1"})
    return [row["title"] for row in page.context["results"]] if page.context else []


def test_the_search_finds_tenants_containers_people_and_grants(staff: Client, box: Container, owner: User) -> None:
    sharing.share(box, actor=owner, emails=["dora@example.com"], permission="view")
    assert "Acme" in found(staff, "acme")
    assert box.hostname in found(staff, "box-ac")
    assert found(staff, "alice@example")[:2] == ["Acme", "alice@example.com"]  # hers, and she; then what she gave
    assert found(staff, "dora") == [f"dora@example.com on {box.hostname}"]
    assert "Audit log" in found(staff, "audit")
    assert found(staff, "x") == []
    with CaptureQueriesContext(connection) as made:
        found(staff, "acme")
    for number in range(30):
        make_tenant(f"acme{number}", owner)
    with CaptureQueriesContext(connection) as again:
        assert len(found(staff, "acme")) < 30
    assert len(made) == len(again)
    make_tenant("latecomer", owner)
    assert "Latecomer" in found(staff, "latecomer"), "what was not there a moment ago is found"


def test_the_search_finds_what_one_may_view(box: Container) -> None:
    client = support("view_tenant")
    assert found(client, "acme") == ["Acme"]
    assert found(client, "audit") == []
    assert Client().get(reverse("admin:search"), {"s": "acme"}).status_code == 302


def test_people_and_groups_are_made_and_changed_on_its_forms(staff: Client) -> None:
    new = {"email": "new@example.com", "password1": "a-new-password-9", "password2": "a-new-password-9"}
    assert staff.post(reverse("admin:tenants_user_add"), new).status_code == 302
    assert User.objects.get(email="new@example.com").check_password("a-new-password-9")
    assert staff.post(reverse("admin:auth_group_add"), {"name": "Support"}).status_code == 302
    assert AuditEvent.objects.filter(action="admin:add", target_type="auth.group").exists()


def test_it_loads_nothing_from_elsewhere(staff: Client, box: Container) -> None:
    for url in (reverse("admin:index"), reverse("admin:tenants_tenant_change", args=[box.tenant.pk])):
        words = staff.get(url).text
        assert 'src="http' not in words
        assert "<script>" not in words
        assert not [each for each in words.split('href="')[1:] if each.startswith(("http:", "https:", "//"))]
