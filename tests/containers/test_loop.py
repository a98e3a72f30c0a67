"""The loop: leases, rings that are never lost, backoff, and what a failure leaves on the row."""

import datetime
import itertools

import pytest
from django.utils import timezone

from containers import loop
from containers.errors import Retryable, Terminal
from containers.lease import Lease, LeaseLost
from containers.models import Network, NetworkKind

pytestmark = pytest.mark.django_db


@pytest.fixture
def row() -> Network:
    return Network.objects.create(kind=NetworkKind.CONNECTORS, subnet="10.1.0.0/24")


@pytest.fixture
def run(row: Network, monkeypatch: pytest.MonkeyPatch):
    """Run passes over the row with a reconcile function of the test's."""

    def run(reconcile, failed=lambda row, failure: None):
        controller = loop.Controller("test", Network, lambda pk: Network.objects.get(pk=pk), reconcile, failed)
        monkeypatch.setitem(loop._controllers, "test", controller)
        return loop.run("test", row.pk)

    return run


def test_a_settled_row_is_free_again_and_due_at_the_resync(row: Network, run, settings) -> None:
    run(lambda row, lease: loop.Result(seen={"engine_id": "seen"}))
    row.refresh_from_db()
    assert (row.lease_holder, row.lease_until, row.attempts, row.engine_id) == ("", None, 0, "seen")
    wait = (row.next_check_at - timezone.now()).total_seconds()
    assert 0.8 * settings.RESYNC_SECONDS < wait < 1.2 * settings.RESYNC_SECONDS


def test_a_row_that_is_not_due_is_left_alone(row: Network, run) -> None:
    Network.objects.update(next_check_at=timezone.now() + datetime.timedelta(minutes=1))
    run(lambda row, lease: pytest.fail("passed over"))


def test_two_workers_never_hold_one_row(row: Network) -> None:
    assert Lease.take(Network, row.pk) is not None
    assert Lease.take(Network, row.pk) is None


def test_a_dead_workers_lease_runs_out(row: Network, settings) -> None:
    settings.LEASE_SECONDS = -1
    assert Lease.take(Network, row.pk) is not None
    assert Lease.take(Network, row.pk) is not None


def test_who_lost_the_lease_cannot_write(row: Network, settings) -> None:
    settings.LEASE_SECONDS = -1
    slow = Lease.take(Network, row.pk)
    fast = Lease.take(Network, row.pk)
    assert slow is not None
    assert fast is not None
    fast.write(engine_id="fast")
    with pytest.raises(LeaseLost):
        slow.write(engine_id="slow")
    with pytest.raises(LeaseLost):
        slow.hold()
    row.refresh_from_db()
    assert row.engine_id == "fast"


def test_what_comes_of_a_pass_is_written_whole_or_not_at_all(row: Network, run) -> None:
    def reconcile(row, lease):
        Network.objects.filter(pk=row.pk).update(lease_holder="another worker")
        return loop.Result(
            seen={"engine_id": "seen"}, record=lambda: Network.objects.filter(pk=row.pk).update(subnet="10.9.9.0/24")
        )

    run(reconcile)
    row.refresh_from_db()
    assert (row.lease_holder, row.engine_id, row.subnet) == ("another worker", "", "10.1.0.0/24")


def test_a_ring_during_a_pass_leads_to_another_pass(row: Network, run) -> None:
    passes = []

    def reconcile(row, lease):
        passes.append(row.rings)
        if len(passes) == 1:
            Network.objects.filter(pk=row.pk).ring()
        return loop.Result()

    run(reconcile)
    assert passes == [0, 1]


def test_a_ring_during_a_failing_pass_is_not_lost(row: Network, run) -> None:
    passes = []

    def reconcile(row, lease):
        passes.append(row.rings)
        if len(passes) == 1:
            Network.objects.filter(pk=row.pk).ring()
            raise Retryable("away", "It is away.", retry_after=3600)
        return loop.Result()

    run(reconcile)
    assert passes == [0, 1]


def test_a_failure_is_kept_told_and_tried_again_later(row: Network, run) -> None:
    told = []

    def reconcile(row, lease):
        raise Retryable("away", "It is away.")

    run(reconcile, lambda row, failure: told.append(failure.code))
    row.refresh_from_db()
    assert told == ["away"]
    assert (row.code, row.message, row.failures, row.retrying) == ("away", "It is away.", 1, True)
    assert 0 < (row.next_check_at - timezone.now()).total_seconds() < 2


def test_a_terminal_failure_waits_for_a_person(row: Network, run, settings) -> None:
    def reconcile(row, lease):
        raise Terminal("taken", "It is taken.")

    run(reconcile)
    row.refresh_from_db()
    assert not row.retrying
    assert (row.next_check_at - timezone.now()).total_seconds() > settings.RESYNC_SECONDS / 2


def test_a_bug_in_a_reconciler_shows_no_details_and_is_tried_again(row: Network, run) -> None:
    def reconcile(row, lease):
        raise ZeroDivisionError("secret details")

    run(reconcile)
    row.refresh_from_db()
    assert row.code == "internal"
    assert "secret" not in row.message
    assert row.next_check_at > timezone.now()


def test_success_forgets_the_failure(row: Network, run) -> None:
    Network.objects.update(failures=5, code="away", message="It was away.", attempts=5, retrying=False)
    run(lambda row, lease: loop.Result())
    row.refresh_from_db()
    assert (row.failures, row.code, row.message, row.attempts, row.retrying) == (0, "", "", 0, True)


def test_backoff_grows_to_five_minutes() -> None:
    waits = [max(loop.backoff(failures) for _ in range(50)) for failures in range(20)]
    assert waits[0] <= 1.0
    assert 250 < waits[-1] <= 300
    assert all(earlier <= later * 1.25 for earlier, later in itertools.pairwise(waits))


def test_a_row_rung_without_end_gives_others_their_turn(row: Network, run) -> None:
    def reconcile(row, lease):
        Network.objects.filter(pk=row.pk).ring()
        return loop.Result()

    assert run(reconcile) == [("test", row.pk)]
