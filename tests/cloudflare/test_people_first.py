"""Who lost access is out, and known to be, whatever goes wrong with a hostname at the same time."""

import datetime
import threading
from typing import Any

import pytest
from django.db import connection, connections
from django.utils import timezone

from access import edge, sharing
from access.models import Grant
from cloudflare.models import Connector, Publication, Tunnel
from cloudflare.reconcile import names, sign_out
from containers import admission, changes, loop
from containers.engine.memory import MemoryEngine
from containers.models import Container
from tenants.models import Mail, User
from tests.cloudflare.conftest import admits
from tests.conftest import converge
from tests.parts import Cloud

pytestmark = pytest.mark.django_db

GINA, DORA = "gina@example.com", "dora@example.com"
BOX, VASE = (f"{name}-acme.containers.localhost" for name in ("box", "vase"))


@pytest.fixture
def share(owner: User) -> Any:
    def give(container: Container, email: str = GINA, now: bool = True) -> Grant:
        (grant,) = sharing.share(container, actor=owner, emails=[email], permission="view")
        if now:
            converge()
        return grant

    return give


def state(grant: Grant) -> str:
    return Grant.objects.get(pk=grant.pk).state


def rename(box: Container, owner: User, settings: Any, overlap: float = 3600) -> None:
    settings.RENAME_OVERLAP_SECONDS = overlap
    admission.rename(box, actor=owner, name="vase")


def let_leave() -> None:
    Publication.objects.filter(hostname=BOX).ring(leaves_at=timezone.now())


def test_a_hostname_that_is_given_up_shuts_out_although_its_record_stays(
    box: Container, share: Any, cloud: Cloud, owner: User, memory: MemoryEngine, settings: Any
) -> None:
    grant = share(box)
    session = cloud.sign_in(GINA, BOX)
    rename(box, owner, settings)
    converge()
    before = len(cloud.writes())
    cloud.fault(kind="status", status=500, path="dns_records", method="DELETE")
    let_leave()
    converge()
    assert {row.split()[0] for row in cloud.writes()[before:]} == {"DELETE"}, "nobody lost access yet"
    connections = (Connector.objects.get().engine_name, box.engine_name)
    memory.connections = {connections: 1}
    sharing.revoke(grant, actor=owner)
    converge()
    assert not admits(cloud, BOX, session)
    assert cloud.sign_in(GINA, BOX) is None
    assert connections not in memory.connections
    assert state(grant) == "revoked"
    assert sum("revoke_user" in row for row in cloud.writes()) == 1
    old = Publication.objects.get(hostname=BOX)
    assert (old.code, old.gone_at, old.entered) == ("cloudflare_broken", None, ["alice@example.com"])


def test_a_deleted_container_lets_in_nobody_although_its_record_stays(
    box: Container, share: Any, cloud: Cloud, owner: User
) -> None:
    grant = share(box)
    session, mine = cloud.sign_in(GINA, BOX), cloud.sign_in(owner.email, BOX)
    cloud.fault(kind="status", status=500, path="dns_records", method="DELETE")
    admission.remove(box, actor=owner)
    converge()
    assert not admits(cloud, BOX, session)
    assert not admits(cloud, BOX, mine)
    assert cloud.sign_in(owner.email, BOX) is None
    assert state(grant) == "revoked"
    cloud.heal()
    Publication.objects.all().retry()
    converge()
    assert BOX not in cloud.applications() | cloud.hostnames()


def test_an_address_that_cloudflare_refuses_keeps_nobody_in(
    box: Container, share: Any, cloud: Cloud, owner: User, settings: Any
) -> None:
    settings.REVOCATION_SECONDS = 30
    grant, session = share(box), cloud.sign_in(GINA, BOX)
    share(box, DORA, False)
    sharing.revoke(grant, actor=owner)
    cloud.fault(kind="status", status=400, path="/access/apps/", method="PUT", times=1)
    converge()
    assert not admits(cloud, BOX, session)
    row = Publication.objects.get()
    assert (row.code, row.retrying, row.unanswered, row.revoking) == ("cloudflare_rejected", False, False, False)
    assert row.admitted == row.entered == ["alice@example.com"]
    assert state(grant) == "revoking"
    # Refused again when the last reset is due: that takes place all the same.
    cloud.fault(kind="status", status=400, path="/access/apps/", method="PUT")
    past = timezone.now() - datetime.timedelta(seconds=1)
    Publication.objects.update(reset_until=past, next_check_at=past)
    converge()
    assert state(grant) == "revoked"
    assert sum("revoke_tokens" in row for row in cloud.writes()) == 1
    cloud.heal()
    Publication.objects.all().retry()
    converge()
    assert Publication.objects.get().code == ""
    assert cloud.sign_in(DORA, BOX)


def test_a_record_that_fails_hides_neither_who_is_in_nor_who_is_out(
    box: Container, share: Any, cloud: Cloud, owner: User, settings: Any
) -> None:
    grant = share(box)
    cloud.fault(kind="status", status=500, path="dns_records", method="POST")
    rename(box, owner, settings)
    converge()
    sharing.revoke(grant, actor=owner)
    dora = share(box, DORA)
    assert state(grant) == "revoked"
    assert state(dora) == "active", "by the hostname that answers"
    assert sum("revoke_user" in row for row in cloud.writes()) == 1
    assert Publication.objects.get(hostname=VASE).code == "cloudflare_broken"
    assert Publication.objects.get(hostname=VASE).entered == ["alice@example.com", DORA]


def test_who_is_invited_finds_the_hostname_there(create: Any, share: Any, cloud: Cloud) -> None:
    """Not while there is no tunnel yet, and not without a record."""
    cloud.fault(kind="status", status=500, path="cfd_tunnel", method="POST")
    grant = share(create())
    for path in ("dns_records", ""):
        assert state(grant) == "pending"
        assert not Mail.objects.filter(to=GINA).exists()
        cloud.heal()
        if path:
            cloud.fault(kind="status", status=500, path=path, method="POST")
        Tunnel.objects.all().retry()
        Publication.objects.all().retry()
        converge()
    assert state(grant) == "active"
    assert Mail.objects.filter(to=GINA).count() == 1


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_of_two_hostnames_that_settle_at_once_one_says_that_somebody_is_out(
    box: Container, share: Any, owner: User, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    grant = share(box)
    rename(box, owner, settings)
    converge()
    sharing.revoke(grant, actor=owner)
    inside, go_on, seen = threading.Event(), threading.Event(), edge.seen

    def slowly(*args: Any) -> None:
        if not inside.is_set():
            inside.set()
            assert go_on.wait(10)
        seen(*args)

    monkeypatch.setattr(edge, "seen", slowly)
    old, new = (Publication.objects.get(hostname=host).pk for host in (BOX, VASE))

    def run(pk: int) -> None:
        try:
            loop.run(names.PUBLICATION, pk)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=[pk]) for pk in (old, new)]
    threads[0].start()
    assert inside.wait(10)
    threads[1].start()
    threads[1].join(1.0)
    go_on.set()
    for thread in threads:
        thread.join()
    assert state(grant) == "revoked"
    connection.close()


def test_out_is_said_when_it_is_certain_though_connections_are_kept(
    box: Container, share: Any, owner: User, memory: MemoryEngine, settings: Any
) -> None:
    settings.REVOCATION_SECONDS = 30
    changes.change(box, actor=owner, resets_connections=False)
    grant = share(box)
    memory.connections = {(Connector.objects.get().engine_name, box.engine_name): 2}
    sharing.revoke(grant, actor=owner)
    converge()
    assert state(grant) == "revoking"
    row = Publication.objects.get()
    assert row.reset_until
    assert row.next_check_at == pytest.approx(row.reset_until, abs=datetime.timedelta(seconds=1))
    past = timezone.now() - datetime.timedelta(seconds=1)
    Publication.objects.update(reset_until=past, next_check_at=past)
    converge()
    assert state(grant) == "revoked"
    assert list(memory.connections.values()) == [2]


def test_a_reset_that_is_owed_is_tried_again_soon(
    box: Container, share: Any, owner: User, memory: MemoryEngine
) -> None:
    grant = share(box)
    sharing.revoke(grant, actor=owner)
    memory.away = True
    Publication.objects.update(failures=9)
    for _ in range(2):
        loop.run(names.PUBLICATION, Publication.objects.get().pk)
        row = Publication.objects.get()
        assert (row.code, row.revoking) == ("engine_away", False)
        assert row.next_check_at
        assert (row.next_check_at - timezone.now()).total_seconds() < 6
        Publication.objects.update(next_check_at=timezone.now())


def test_a_failure_that_needs_a_person_does_not_put_off_the_last_reset(
    box: Container, share: Any, cloud: Cloud, owner: User, settings: Any
) -> None:
    settings.REVOCATION_SECONDS = 30
    grant = share(box)
    Publication.objects.update(record_target="")
    cloud.fault(kind="status", status=400, path="dns_records")
    sharing.revoke(grant, actor=owner)
    converge()
    row = Publication.objects.get()
    assert (row.code, row.retrying) == ("cloudflare_rejected", False)
    assert row.next_check_at == pytest.approx(row.reset_until, abs=datetime.timedelta(seconds=1))


def test_a_rename_signs_nobody_out_and_asks_about_nobody(
    box: Container, share: Any, owner: User, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    share(box)
    rename(box, owner, settings, 0)
    asked: list[str] = []
    monkeypatch.setattr(sign_out, "ring", lambda account, emails: asked.extend(emails))
    converge()
    assert Publication.objects.get(gone_at=None).hostname == VASE
    assert Publication.objects.get(hostname=BOX).entered == []
    assert asked == []
