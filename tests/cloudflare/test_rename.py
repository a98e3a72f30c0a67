"""One hostname for another: published anew and protected, the earlier one up until then and gone after it."""

import datetime
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from cloudflare.models import Account, Publication, Route, Tunnel, Zone
from containers import admission, conditions, loop
from containers.models import Condition, Container, ContainerStatus
from tenants.models import AuditEvent, Membership, Tenant, User
from tenants.refusal import Refused
from tests.conftest import converge
from tests.parts import Cloud

pytestmark = pytest.mark.django_db

BOX, VASE, URN = (f"{name}-acme.containers.localhost" for name in ("box", "vase", "urn"))
GUARD = "*.containers.localhost"


@pytest.fixture(autouse=True)
def overlap(settings) -> None:
    settings.RENAME_OVERLAP_SECONDS = 3600


def rename(container: Container, name: str, owner: User) -> Container:
    return admission.rename(container, actor=owner, name=name)


def let_leave() -> None:
    """The overlap is over."""
    Publication.objects.exclude(leaves_at=None).ring(leaves_at=timezone.now() - datetime.timedelta(seconds=1))
    converge()


def routed(cloud: Cloud) -> dict[str, str]:
    """The ingress of the only tunnel: services by hostname."""
    (tunnel,) = (row for row in cloud.state()["tunnels"].values() if row["deleted_at"] is None)
    return {rule["hostname"]: rule["service"] for rule in tunnel["config"]["ingress"] if "hostname" in rule}


def fresh(container: Container) -> Container:
    return Container.objects.select_related("status").get(pk=container.pk)


def published(container: Container) -> bool:
    """Whether the wanted name is."""
    seen = conditions.of(container, "Published")
    return seen.status is True and seen.observed_generation == fresh(container).generation


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


def test_renames_are_limited_by_the_hour(create: Any, cloud: Cloud, owner: User, settings) -> None:
    settings.RENAMES_PER_HOUR = 2
    container = create()
    converge()
    for name in ("vase", "urn"):
        rename(container, name, owner)
        rename(container, name, owner)  # its own name: none
        with pytest.raises(Refused):
            rename(container, "No Name", owner)  # refused: none either
        converge()
        let_leave()
    with pytest.raises(Refused, match="2 times an hour") as caught:
        rename(container, "vase", owner)
    assert (caught.value.code, caught.value.status) == ("rename_limit", 429)
    assert 3500 < caught.value.members["retry_after"] <= 3600
    rename(create("other"), "jar", owner)  # each container has its own
    settings.RENAMES_PER_HOUR = 3
    rename(container, "vase", owner)


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


def test_a_rename_can_be_taken_back_until_the_new_name_answers(create: Any, cloud: Cloud, owner: User) -> None:
    container = create()
    converge()
    rename(container, "vase", owner)
    rename(container, "box", owner)
    converge()
    assert cloud.state()["routable"] == [BOX]
    assert cloud.applications() == {GUARD, BOX}
    assert fresh(container).url.startswith(f"http://{BOX}:")
    assert published(container)
    assert Publication.objects.get(gone_at=None).leaves_at is None


def test_after_that_the_earlier_name_is_refused_until_it_is_gone(
    create: Any, cloud: Cloud, owner: User, tenant: Tenant
) -> None:
    container = create()
    converge()
    rename(container, "vase", owner)
    converge()
    with pytest.raises(Refused, match="is being given up just now") as refused:
        rename(container, "box", owner)
    assert (refused.value.code, refused.value.status, refused.value.members) == ("name_taken", 409, {"field": "name"})
    with pytest.raises(Refused, match="is being given up just now"):
        create("box")
    assert fresh(container).hostname == VASE
    let_leave()
    rename(container, "box", owner)
    converge()
    let_leave()
    create("vase")
    converge()
    assert cloud.state()["routable"] == sorted([BOX, VASE])
    assert Publication.objects.filter(hostname=BOX).count() == 2, "the tombstone stays"
    assert cloud.state()["violations"] == []


def test_renamed_again_before_the_first_answers(create: Any, cloud: Cloud, owner: User) -> None:
    """What nobody was ever told of goes at once; what answers stays for the one that is wanted now."""
    container = create()
    converge()
    rename(container, "vase", owner)
    (vase,) = Publication.objects.filter(hostname=VASE)
    loop.run("cloudflare.reconcile_publication", vase.pk)  # half of it is there
    rename(container, "urn", owner)
    with pytest.raises(Refused) as refused:
        rename(container, "pot", owner)
    assert (refused.value.code, refused.value.status) == ("rename_in_progress", 409)
    assert fresh(container).url.startswith(f"http://{BOX}:")
    converge()
    assert cloud.state()["routable"] == sorted([BOX, URN])
    assert cloud.applications() == {GUARD, BOX, URN}
    let_leave()
    assert cloud.state()["routable"] == [URN]
    assert published(container)
    rename(container, "pot", owner)
    converge()
    assert cloud.state()["violations"] == []


def test_a_pass_that_began_before_a_second_rename_hands_nothing_over(
    create: Any, cloud: Cloud, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It writes the record of a name that is no longer wanted, and that name must not become the one that answers."""
    from cloudflare.reconcile import publication

    def record(*args: Any) -> Any:
        made = original(*args)
        if args[1].hostname == VASE:
            rename(container, "urn", owner)
        return made

    container = create()
    converge()
    original = publication.record
    monkeypatch.setattr(publication, "record", record)
    rename(container, "vase", owner)
    converge()
    assert fresh(container).status.hostname == URN
    assert cloud.state()["routable"] == sorted([BOX, URN])
    let_leave()
    assert cloud.state()["routable"] == [URN]
    assert cloud.applications() == {GUARD, URN}
    assert cloud.state()["violations"] == []


def test_before_anything_answered_the_first_name_just_goes(create: Any, cloud: Cloud, owner: User) -> None:
    container = create()
    rename(container, "vase", owner)
    converge()
    assert cloud.state()["routable"] == [VASE]
    assert cloud.applications() == {GUARD, VASE}


@pytest.mark.parametrize("when", ["asked for", "half done", "both up", "old one half gone"])
def test_deleted_in_the_middle_of_it(when: str, create: Any, cloud: Cloud, owner: User) -> None:
    container = create()
    converge()
    rename(container, "vase", owner)
    if when == "half done":
        loop.run("cloudflare.reconcile_publication", Publication.objects.get(hostname=VASE).pk)
    if when in {"both up", "old one half gone"}:
        converge()
    if when == "old one half gone":
        Publication.objects.filter(hostname=BOX).ring(leaves_at=timezone.now())
        loop.run("cloudflare.reconcile_publication", Publication.objects.get(hostname=BOX).pk)
    admission.remove(container, actor=owner)
    converge()
    assert fresh(container).deleted_at
    assert cloud.hostnames() == set()
    assert cloud.applications() == {GUARD}
    assert cloud.tunnels() == set()
    assert not Publication.objects.filter(gone_at=None).exists()
    assert cloud.state()["violations"] == []


def test_a_container_is_not_buried_before_its_last_name(create: Any, cloud: Cloud, owner: User) -> None:
    container = create()
    converge()
    rename(container, "vase", owner)
    converge()
    held = Publication.objects.filter(hostname=BOX)
    held.update(lease_holder="a worker that is slow", lease_until=timezone.now() + datetime.timedelta(hours=1))
    admission.remove(container, actor=owner)
    converge()
    assert cloud.applications() == {GUARD, BOX}
    assert conditions.of(container, "Published").reason != conditions.GONE
    assert fresh(container).deleted_at is None
    held.update(lease_holder="", lease_until=None)
    converge()
    assert cloud.applications() == {GUARD}
    assert fresh(container).deleted_at


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_of_two_names_that_end_at_once_one_is_the_last(
    create: Any, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each worker would else see the other's name as not gone yet, and nobody would bury the container."""
    from cloudflare.reconcile import cutover

    def end(*args: Any) -> None:
        original(*args)
        time.sleep(0.5)  # the outcome is not there for others to see

    def run(pk: int) -> None:
        try:
            together.wait()
            loop.run("cloudflare.reconcile_publication", pk)
        finally:
            connections.close_all()

    container = create()
    converge()
    rename(container, "vase", owner)
    converge()
    admission.remove(container, actor=owner)
    Publication.objects.update(route=Route.OUT)  # both have nothing but their application left
    original, together = cutover.end, Barrier(2)
    monkeypatch.setattr(cutover, "end", end)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(run, Publication.objects.values_list("pk", flat=True)))
    assert not Publication.objects.filter(gone_at=None).exists()
    assert conditions.of(container, "Published").reason == conditions.GONE
    converge()
    assert fresh(container).deleted_at


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


@pytest.mark.parametrize("limits", [{"max_applications": 2}, {"max_records": 1}])
def test_no_room_is_a_refusal_and_nothing_has_changed(
    limits: dict[str, int], create: Any, cloud: Cloud, owner: User
) -> None:
    container = create()
    converge()
    (Zone if "max_records" in limits else Account).objects.update(**limits)
    with pytest.raises(Refused) as refused:
        rename(container, "vase", owner)
    assert (refused.value.code, refused.value.status) == ("cloudflare_full", 503)
    converge()
    assert cloud.state()["routable"] == [BOX]
    assert Publication.objects.count() == 1
    assert published(container)


def test_while_both_are_up_both_count(create: Any, owner: User) -> None:
    container = create()
    converge()
    Account.objects.update(max_applications=3)  # the guard and two more
    rename(container, "vase", owner)
    with pytest.raises(Refused) as refused:
        create("other")
    assert refused.value.code == "cloudflare_full"
    converge()
    let_leave()
    create("other")


@pytest.mark.parametrize(
    ("name", "code"),
    [("Vase", "name_invalid"), ("admin", "name_reserved"), ("x" * 40, "name_too_long"), ("urn", "name_taken")],
)
def test_a_name_is_refused_as_in_a_creation(name: str, code: str, create: Any, owner: User) -> None:
    container = create()
    create("urn")
    with pytest.raises(Refused) as refused:
        rename(container, name, owner)
    assert refused.value.code == code
    assert (fresh(container).hostname, fresh(container).generation) == (BOX, 1)
    event = AuditEvent.objects.get(action="container:rename")
    assert (event.outcome, event.reason, event.actor) == ("refused", code, owner.email)


def test_it_is_on_record_with_both_names(create: Any, owner: User) -> None:
    container = create()
    rename(container, "box", owner)  # which it has already
    assert not AuditEvent.objects.filter(action="container:rename").exists()
    rename(container, "vase", owner)
    event = AuditEvent.objects.get(action="container:rename")
    assert (event.outcome, event.target, event.detail) == ("done", BOX, {"former": BOX, "hostname": VASE})


def test_what_is_being_deleted_keeps_its_name(create: Any, owner: User) -> None:
    container = create()
    admission.remove(container, actor=owner)
    with pytest.raises(Refused) as refused:
        rename(container, "vase", owner)
    assert refused.value.code == "being_deleted"


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
