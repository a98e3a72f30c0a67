"""What a tenant uses of its plan, and what it would be over on another."""

import datetime

import pytest
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from containers import traffic, usage
from containers.models import Container, ContainerStatus, Desired, Template
from tenants.models import Plan, Tenant, User
from tenants.models.plan import GIB, MIB
from tests.conftest import make_tenant

pytestmark = pytest.mark.django_db


def put(tenant: Tenant, template: Template, name: str, **more: object) -> Container:
    facts = {"memory": 64 * MIB, "cpu": 250, "storage": GIB, "port": 80, "image": template.image} | more
    return Container.objects.create(
        tenant=tenant, template=template, name=name, hostname=f"{name}-{tenant.slug}.example", **facts
    )


def test_what_lives_counts_stopped_or_not(tenant: Tenant, template: Template, stranger: User) -> None:
    put(tenant, template, "one")
    put(tenant, template, "two", desired=Desired.STOPPED, memory=128 * MIB)
    put(tenant, template, "gone", deleted_at=tenant.created_at)
    put(make_tenant("globex", stranger), template, "theirs")
    found = usage.of(tenant)
    assert (found.containers.used, found.containers.limit) == (2, tenant.plan.max_containers)
    assert (found.memory.reserved, found.memory.limit) == (192 * MIB, tenant.plan.memory)
    assert (found.cpu.reserved, found.storage.reserved) == (500, 2 * GIB)
    assert found.over == ()


def test_a_smaller_plan_says_who_is_over_what(tenant: Tenant, template: Template) -> None:
    small = Plan(code="s", name="S", max_containers=1, memory=100 * MIB, cpu=300, storage=GIB, internet=False)
    put(tenant, template, "one", internet=True, cpu=400)
    put(tenant, template, "two", memory=200 * MIB)
    over = usage.measure(small, usage.totals([tenant.pk])[tenant.pk]).over
    assert [(row.what, row.limit, row.used) for row in over] == [
        ("containers", 1, 2),
        ("memory", 100 * MIB, 200 * MIB),
        ("cpu", 300, 400),
        ("internet", 0, 1),
    ]


def test_over_in_storage_is_who_keeps_more(tenant: Tenant, template: Template) -> None:
    def over(plan: Plan) -> list[str]:
        found = usage.measure(plan, usage.totals([tenant.pk])[tenant.pk])
        return [usage.worded(each) for each in found.over]

    plan = tenant.plan
    plan.storage = GIB
    ContainerStatus.objects.create(container=put(tenant, template, "one", storage=2 * GIB), storage_used=GIB)
    ContainerStatus.objects.create(container=put(tenant, template, "two"))
    assert over(plan) == [], "what it may keep is brought in line by itself"
    ContainerStatus.objects.filter(storage_used=GIB).update(storage_used=GIB + 1)
    assert over(plan) == ["storage of 1025 MiB, the plan allows 1024 MiB"]


def test_bandwidth_is_what_all_containers_moved_this_month(
    tenant: Tenant, template: Template, owner: User, stranger: User
) -> None:
    month = traffic.month_of(timezone.now())
    gone, one = put(tenant, template, "gone", deleted_at=tenant.created_at), put(tenant, template, "one")
    ContainerStatus.objects.create(container=one)
    traffic.note(month, {str(gone.pk): (MIB, MIB)})
    traffic.note(month, {str(gone.pk): (2 * MIB, MIB), str(one.pk): (0, MIB)})
    traffic.note(month - datetime.timedelta(days=1), {str(gone.pk): (GIB, GIB)})
    traffic.note(month, {str(put(make_tenant("globex", stranger), template, "theirs").pk): (GIB, GIB)})
    Plan.objects.filter(pk=tenant.plan_id).update(bandwidth=3 * MIB)
    client = APIClient()
    client.force_authenticate(owner)
    body = client.get("/api/v1/tenants/acme/usage/").json()
    assert body["bandwidth"] == {"used": 4 * MIB, "limit": 3 * MIB}
    assert body["over"] == [{"what": "bandwidth", "limit": 3 * MIB, "used": 4 * MIB}]
    pages = Client()
    pages.force_login(owner)
    assert "4\xa0MiB of 3\xa0MiB" in pages.get("/").text
    assert "4\xa0MiB of traffic this month, the plan allows 3\xa0MiB" in pages.get("/").text
    assert '4\xa0MiB <span class="of">of 3\xa0MiB<' in pages.get("/tenants/acme/").text


def test_many_tenants_cost_two_queries(
    tenant: Tenant, template: Template, stranger: User, django_assert_num_queries: object
) -> None:
    other = make_tenant("globex", stranger)
    put(tenant, template, "one")
    with django_assert_num_queries(2):
        found = usage.totals([tenant.pk, other.pk])
    assert (found[tenant.pk].containers, found[other.pk].containers) == (1, 0)


def test_the_api_tells_members_alone(tenant: Tenant, template: Template, owner: User, stranger: User) -> None:
    put(tenant, template, "one", memory=2**50)
    client = APIClient()
    client.force_authenticate(owner)
    body = client.get("/api/v1/tenants/acme/usage/").json()
    assert body["plan"] == {"code": "enterprise", "name": tenant.plan.name, "grant_days": None}
    assert body["containers"] == {"used": 1, "limit": tenant.plan.max_containers}
    assert body["memory"] == {"limit": tenant.plan.memory, "reserved": 2**50}
    assert body["bandwidth"] == {"used": 0, "limit": tenant.plan.bandwidth}
    assert body["over"] == [{"what": "memory", "limit": tenant.plan.memory, "used": 2**50}]
    client.force_authenticate(stranger)
    assert client.get("/api/v1/tenants/acme/usage/").status_code == 404
