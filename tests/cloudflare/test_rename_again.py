"""A rename that is taken back, overtaken by the next one, or cut short by a deletion."""

import datetime
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from cloudflare.models import Publication, Route
from containers import admission, conditions, loop
from tenants.models import Tenant, User
from tenants.refusal import Refused
from tests.cloudflare.conftest import fresh
from tests.cloudflare.renaming import BOX, GUARD, URN, VASE, let_leave, published, rename
from tests.conftest import converge
from tests.parts import Cloud

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("overlap")]


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
