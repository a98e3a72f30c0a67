"""What is decided about a tenant, and what follows from it for its containers, inside and outside."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Barrier
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cloudflare.models import Zone
from containers import admission, firewall, lifecycle
from containers.engine.memory import MemoryEngine
from containers.models import Container, Template
from tenants import consumption, standing, tasks
from tenants.models import AuditEvent, Membership, Plan, Tenant, User
from tenants.models.plan import GIB, MIB
from tenants.refusal import Refused
from tests.conftest import converge, make_tenant
from tests.parts import Cloud

pytestmark = pytest.mark.django_db


@pytest.fixture
def create(owner: User, tenant: Tenant, template: Template, memory: MemoryEngine, zone: Zone) -> Any:
    def made(name: str = "box", **more: Any) -> Container:
        return admission.create(actor=owner, tenant=tenant, template=template, name=name, **more)

    return made


def phase(container: Container) -> str:
    fresh = Container.objects.select_related("tenant", "status").get(pk=container.pk)
    return lifecycle.of(fresh)[0]


def test_a_suspended_tenant_stands_still_and_is_closed_to_all(
    create: Any, tenant: Tenant, owner: User, memory: MemoryEngine, cloud: Cloud
) -> None:
    running, stopped = create("running"), create("stopped")
    converge()
    admission.stop(stopped, actor=owner)
    converge()
    assert cloud.sign_in(owner.email, running.hostname)

    standing.suspend(tenant, actor=owner, reason="The invoice is overdue.")
    assert phase(running) == "stopping"
    converge()
    assert {row.state for row in memory.containers.values() if "connector" not in row.name} == {"exited"}
    assert (phase(running), phase(stopped)) == ("suspended", "suspended")
    assert cloud.sign_in(owner.email, running.hostname) is None
    for act in (admission.start, admission.stop, admission.restart, admission.retry):
        with pytest.raises(Refused, match=r"is suspended: The invoice is overdue\.") as refused:
            act(running, actor=owner)
        assert (refused.value.code, refused.value.status) == ("tenant_suspended", 403)
    with pytest.raises(Refused, match="is suspended"):
        create("more")

    standing.resume(tenant, actor=owner)
    converge()
    assert (phase(running), phase(stopped)) == ("running", "stopped")
    assert cloud.sign_in(owner.email, running.hostname)
    assert cloud.state()["violations"] == []
    said = AuditEvent.objects.filter(target="Acme", outcome="done").order_by("pk").values_list("action", flat=True)
    assert list(said) == ["tenant:suspend", "tenant:resume"]


def test_a_suspended_tenants_containers_can_still_be_deleted(create: Any, tenant: Tenant, owner: User) -> None:
    box = create()
    converge()
    standing.suspend(tenant, actor=None, reason="Abuse.")
    admission.remove(box, actor=owner)
    converge()
    assert phase(box) == "deleted"


def test_a_suspension_in_the_middle_of_a_creation(
    create: Any, tenant: Tenant, memory: MemoryEngine, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the engine's create and its start: the pass under way may still start it, the next one stops it."""
    box, made = create(), memory.create

    def create_then_suspend(*args: Any, **more: Any) -> str:
        found = made(*args, **more)
        standing.suspend(tenant, actor=None, reason="Abuse.")
        return found

    monkeypatch.setattr(memory, "create", create_then_suspend)
    converge()
    assert phase(box) == "suspended"
    assert not memory.containers[box.engine_name].running
    assert cloud.sign_in("alice@example.com", box.hostname) is None
    assert cloud.state()["violations"] == []


def test_a_lowered_plan_is_followed_and_what_is_over_is_said(
    create: Any, tenant: Tenant, owner: User, memory: MemoryEngine
) -> None:
    boxes = [create(f"box{number}", memory=GIB, cpu=2000) for number in (1, 2)]
    small = create("small", memory=64 * MIB, cpu=100)
    converge()
    standing.change_plan(tenant, Plan.objects.get(code="free"), actor=owner)
    for box in boxes:
        box.refresh_from_db()
        assert (box.memory, box.cpu, box.storage) == (512 * MIB, 500, 5 * GIB)
    small.refresh_from_db()
    assert (small.memory, small.cpu) == (64 * MIB, 100), "what was chosen below the plan stays"
    converge()
    assert {phase(box) for box in (*boxes, small)} == {"running"}
    with pytest.raises(Refused) as refused:
        create("more")
    assert (refused.value.code, refused.value.members["used"]) == ("containers_limit", 3)
    event = AuditEvent.objects.get(action="container:fit", target=boxes[0].hostname)
    assert event.detail == {"memory": 512 * MIB, "cpu": 500, "storage": 5 * GIB}
    assert AuditEvent.objects.get(action="tenant:plan").detail == {"plan": "free", "before": "enterprise"}


def test_an_edited_plan_is_followed_by_all_who_are_on_it(create: Any, tenant: Tenant) -> None:
    large, small = create("large"), create("small", memory=64 * MIB)
    plan = tenant.plan
    plan.memory = 128 * MIB
    plan.save()
    standing.plan_edited(plan)
    before = small.generation
    large.refresh_from_db()
    small.refresh_from_db()
    assert (large.memory, small.memory) == (128 * MIB, 64 * MIB)
    assert small.generation == before, "nobody is looked at again for whom nothing changed"


def test_a_closed_tenant_leaves_nothing(
    create: Any, tenant: Tenant, owner: User, memory: MemoryEngine, cloud: Cloud
) -> None:
    boxes = [create(f"box{number}") for number in range(5)]
    converge()
    standing.close(tenant, actor=owner)
    assert not Container.objects.visible_to(owner).exists(), "its people lose it at once"
    converge()
    assert {phase(box) for box in boxes} == {"deleted"}
    assert memory.containers == {}
    assert [name for name in memory.networks if "acme" in name] == []
    assert cloud.tunnels() == cloud.hostnames() == set()
    assert {name for name in cloud.applications() if "*" not in name} == set()
    assert cloud.state()["violations"] == []
    assert not Membership.objects.exists()
    deleted = AuditEvent.objects.filter(action="container:delete").order_by("pk")
    in_order = sorted(str(box.pk) for box in boxes)
    assert list(deleted.values_list("target_id", flat=True)) == in_order, "as all lock them who lock several"
    with pytest.raises(Refused, match="being deleted"):
        create("late")


@pytest.mark.parametrize(("memory_mib", "cpu"), [(0, 500), (64, 0), (64, 9)])
def test_no_limit_is_so_low_that_it_is_none(create: Any, memory_mib: int, cpu: int) -> None:
    with pytest.raises(Refused) as refused:
        create(memory=memory_mib * MIB, cpu=cpu)
    assert refused.value.code == "limit_too_low"


def test_internet_that_cannot_be_had_leaves_what_runs_running(
    create: Any, tenant: Tenant, memory: MemoryEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plan gets internet where the host's firewall can't be verified: refused, and nothing was taken away first."""
    box = create()
    converge()
    before = memory.containers[box.engine_name]
    monkeypatch.setattr(firewall, "_iptables", lambda *args: False)
    plan = tenant.plan
    plan.internet = True
    plan.save()
    standing.plan_edited(plan)
    converge()
    assert memory.containers[box.engine_name] == before
    assert before.running
    box.refresh_from_db()
    assert box.status.code == "internet_unprotected"


def test_a_deletion_that_failed_is_tried_again_for_a_closed_tenant(create: Any, tenant: Tenant, owner: User) -> None:
    box = create()
    converge()
    standing.close(tenant, actor=owner)
    admission.retry(box, actor=owner)
    converge()
    assert phase(box) == "deleted"


def test_templates_by_plan(create: Any, template: Template) -> None:
    template.plans.set(Plan.objects.filter(code="pro"))
    with pytest.raises(Refused) as refused:
        create()
    assert refused.value.code == "template_not_in_plan"
    template.plans.add(Plan.objects.get(code="enterprise"))
    assert create()


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_a_plan_that_shrinks_while_many_create(owner: User, create: Any, tenant: Tenant) -> None:
    """Whoever comes after the edit is held to it, whoever came before is brought within it."""
    plan = tenant.plan
    together = Barrier(9)

    def ask(number: int) -> str:
        with closing(connection):
            together.wait()
            try:
                create(f"n{number}", memory=GIB)
            except Refused as exc:
                return exc.code
        return "made"

    def shrink() -> str:
        with closing(connection):
            together.wait()
            Plan.objects.filter(pk=plan.pk).update(memory=128 * MIB)
            standing.plan_edited(plan.pk)
        return "made"

    with ThreadPoolExecutor(9) as pool:
        work = [*(pool.submit(ask, number) for number in range(8)), pool.submit(shrink)]
        assert {done.result() for done in work} <= {"made", "memory_limit"}
    assert not Container.objects.filter(memory__gt=128 * MIB).exists()


def test_an_edited_plan_is_followed_after_the_admins_transaction_in_the_order_of_keys(
    create: Any, tenant: Tenant, owner: User, django_capture_on_commit_callbacks: Any
) -> None:
    """Whoever locks several tenants does it one at a time, and those of a plan in the order in which all do."""
    before = make_tenant("aaa", owner, "enterprise")  # its slug is in front of the first one's, its key is not
    box, plan = create(), tenant.plan
    Plan.objects.filter(pk=plan.pk).update(memory=128 * MIB)
    with django_capture_on_commit_callbacks() as rung:
        standing.plan_saved(plan)
    box.refresh_from_db()
    assert (len(rung), box.memory > 128 * MIB) == (1, True)
    with CaptureQueriesContext(connection) as made:
        tasks.follow_plan(str(plan.pk))
    locks = [one["sql"] for one in made if "FOR NO KEY UPDATE" in one["sql"] and 'FROM "tenants_tenant"' in one["sql"]]
    assert [f'"id" = {pk} ' in sql for pk, sql in zip((tenant.pk, before.pk), locks, strict=True)] == [True, True]
    box.refresh_from_db()
    assert box.memory == 128 * MIB


@pytest.mark.parametrize(
    ("whose", "changes"),
    [
        (Plan, {"memory": 128 * MIB}),
        (Plan, {"cpu": 100}),
        (Plan, {"storage": GIB}),
        (Plan, {"internet": True}),
        (Tenant, {"suspended_at": timezone.now()}),
    ],
)
def test_a_sweep_finds_who_does_not_follow(create: Any, tenant: Tenant, whose: Any, changes: dict[str, Any]) -> None:
    """As after an edited plan whose message the broker lost."""
    box = create()
    assert consumption.strayed() == []
    whose.objects.update(**changes)
    assert consumption.strayed() == [tenant.pk]
    tasks.sweep_plans()
    assert consumption.strayed() == []
    generation = box.generation
    box.refresh_from_db()
    assert box.generation == generation + 1


def test_a_decision_says_whether_it_decided_anything(tenant: Tenant) -> None:
    assert standing.suspend(tenant, actor=None, reason="Abuse.")
    assert not standing.suspend(tenant, actor=None, reason="More abuse.")
    assert standing.close(tenant, actor=None)
    assert not standing.resume(tenant, actor=None)
    assert not standing.close(tenant, actor=None)
