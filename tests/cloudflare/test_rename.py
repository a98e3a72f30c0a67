"""One hostname for another: published anew and protected, the earlier one up until then and gone after it."""

from typing import Any

import pytest

from cloudflare.models import Publication, Tunnel
from containers import conditions, loop
from containers.models import Condition, ContainerStatus
from tenants.models import Membership, Tenant, User
from tests.cloudflare.conftest import fresh
from tests.cloudflare.renaming import BOX, GUARD, VASE, let_leave, published, rename, routed
from tests.conftest import converge
from tests.parts import Cloud

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("overlap")]


def test_both_answer_for_a_while_then_the_new_one_alone(create: Any, cloud: Cloud, owner: User) -> None:
    container = create()
    converge()
    renamed = rename(container, "vase", owner)
    assert (renamed.hostname, renamed.generation) == (VASE, container.generation + 1)
    assert fresh(container).url.startswith(f"http://{BOX}:"), "until the new one answers"
    cloud.control("DELETE", "calls")
    converge()
    assert len(cloud.writes()) == 3, "application, ingress, record"
    assert fresh(container).url.startswith(f"http://{VASE}:")
    assert published(container)
    assert cloud.state()["routable"] == sorted([BOX, VASE])
    assert routed(cloud) == dict.fromkeys((BOX, VASE), f"http://{container.engine_name}:8080")
    assert all(cloud.sign_in(owner.email, host) for host in (BOX, VASE))
    let_leave()
    assert cloud.state()["routable"] == [VASE]
    assert list(routed(cloud)) == [VASE]
    assert cloud.hostnames() == {VASE}
    assert cloud.applications() == {GUARD, VASE}
    assert Publication.objects.get(gone_at=None).hostname == VASE
    assert published(container), "the end of the earlier name is nothing to the container"
    assert cloud.state()["violations"] == []


def test_the_earlier_one_leaves_by_itself(create: Any, cloud: Cloud, owner: User, settings) -> None:
    settings.RENAME_OVERLAP_SECONDS = 0
    container = create()
    converge()
    rename(container, "vase", owner)
    converge()
    assert cloud.state()["routable"] == [VASE]
    assert cloud.applications() == {GUARD, VASE}


def test_it_is_taken_down_backwards(create: Any, cloud: Cloud, owner: User) -> None:
    container = create()
    converge()
    rename(container, "vase", owner)
    converge()
    cloud.control("DELETE", "calls")
    let_leave()
    assert [write.split("/")[0].split()[0] + " " + write.split("/")[-2] for write in cloud.writes()] == [
        "DELETE dns_records",
        f"PUT {Tunnel.objects.get().tunnel_id}",
        "DELETE apps",
    ]


def test_people_see_the_steps_of_the_new_name(create: Any, cloud: Cloud, owner: User) -> None:
    def states() -> dict[str, str]:
        return {step.name: str(step.state) for step in fresh(container).steps if step.name in wanted}

    wanted = {"access", "tunnel", "dns"}
    container = create()
    converge()
    cloud.fault(kind="status", method="POST", path="dns_records", status=503)
    rename(container, "vase", owner)
    assert states() == dict.fromkeys(wanted, "pending")
    (new,) = Publication.objects.filter(hostname=VASE)
    loop.run("cloudflare.reconcile_publication", new.pk)
    seen = conditions.of(container, "Published")
    assert (seen.status, seen.reason) == (None, "Renaming")
    assert seen.message == f"{BOX} answers until {VASE} does."
    assert states() == {"access": "done", "tunnel": "running", "dns": "pending"}
    converge()
    assert states() == {"access": "done", "tunnel": "done", "dns": "failed"}
    assert conditions.of(container, "Published").reason == "cloudflare_broken"
    assert cloud.state()["routable"] == [BOX], "which still answers"
    cloud.heal()
    Publication.objects.all().retry()
    converge()
    assert states() == dict.fromkeys(wanted, "done")


def test_both_have_the_same_policy_all_the_time(
    create: Any, cloud: Cloud, owner: User, tenant: Tenant, stranger: User
) -> None:
    container = create()
    converge()
    rename(container, "vase", owner)
    joined = Membership.objects.create(tenant=tenant, user=stranger)
    converge()
    assert all(cloud.sign_in(stranger.email, host) for host in (BOX, VASE))
    joined.delete()
    converge()
    assert [cloud.sign_in(stranger.email, host) for host in (BOX, VASE)] == [None, None]
    assert all(cloud.sign_in(owner.email, host) for host in (BOX, VASE))


def test_a_failing_end_of_the_earlier_name_is_nothing_to_the_container(create: Any, cloud: Cloud, owner: User) -> None:
    container = create()
    converge()
    rename(container, "vase", owner)
    converge()
    cloud.fault(kind="status", method="DELETE", path="dns_records", status=503)
    let_leave()
    assert published(container)
    assert not [step for step in fresh(container).steps if step.message]
    assert Publication.objects.get(hostname=BOX).code == "cloudflare_broken"


def test_the_program_is_left_alone(create: Any, owner: User, memory: Any) -> None:
    container = create()
    converge()
    before, steps = ContainerStatus.objects.get(pk=container.pk), conditions.of(container, "Running").steps
    rename(container, "vase", owner)
    converge()
    after = ContainerStatus.objects.get(pk=container.pk)
    assert (after.engine_id, after.started_at) == (before.engine_id, before.started_at)
    assert after.observed_generation == before.observed_generation + 1
    assert conditions.of(container, "Running").steps == steps, "each took as long as it took"


def test_a_lost_connection_is_told_once_to_a_container_of_two_names(create: Any, owner: User) -> None:
    from cloudflare.connection import report_connected

    container = create()
    converge()
    rename(container, "vase", owner)
    report_connected(Tunnel.objects.get(), False, "Disconnected")
    assert Condition.objects.get(container=container, type="Connected").reason == "Disconnected"
