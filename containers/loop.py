"""The reconcile loop: the only place that knows about leases, backoff and schedules.

A pass takes the row's lease, lets the controller compare wanted with seen and act, and writes down how it
went. A row that was rung in the meantime is passed over again at once, so that no ring is ever lost.
"""

import datetime
import logging
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from containers.errors import Failed, LeaseLost, Retryable, Terminal
from containers.lease import Lease
from containers.models import Scheduled

log = logging.getLogger(__name__)

MAX_PASSES = 10  # in one go; then other rows get their turn
MAX_BACKOFF = 300.0
SWEEP = 500  # rows that one sweep rings


@dataclass(frozen=True, slots=True)
class Result:
    """How a pass without failure ended. `after`: seconds until the next look; None: at the usual resync."""

    after: float | None = None
    rest: bool = False  # no next look at all, until somebody rings
    seen: dict[str, Any] = field(default_factory=dict)  # fields of the row to write along with the outcome
    rings: tuple[tuple[str, Any], ...] = ()  # (task name, key) of objects that this pass made due
    record: Callable[[], None] = lambda: None  # what else to write down, in the transaction of the outcome
    wake: Callable[[], object] = lambda: None  # whom to make due in it, once the row itself is written


class Reconcile(Protocol):
    def __call__(self, row: Any, lease: Lease, /) -> Result: ...


def _unheard(row: Any, failure: Failed) -> None:
    """For controllers with nobody to tell."""


@dataclass(frozen=True, slots=True)
class Controller:
    """`name` is the Celery task that stands for it; `load` reads the row and all it needs, freshly."""

    name: str
    model: type[Scheduled]
    load: Callable[[Any], Any]
    reconcile: Reconcile
    failed: Callable[[Any, Failed], None] = _unheard

    def due(self) -> list[Any]:
        """Keys of the rows that want a pass, the longest waiting first; a crowd is taken in portions."""
        return list(self.model.objects.due().order_by("next_check_at").values_list("pk", flat=True)[:SWEEP])


_controllers: dict[str, Controller] = {}


def register(controller: Controller) -> Controller:
    _controllers[controller.name] = controller
    return controller


def controllers() -> Iterable[Controller]:
    return _controllers.values()


def run(name: str, pk: Any) -> list[tuple[str, Any]]:
    """Pass over one row until it is settled; returns whom to ring next. Does nothing if it is not due."""
    controller = _controllers[name]
    rings: list[tuple[str, Any]] = []
    for _ in range(MAX_PASSES):
        lease = Lease.take(controller.model, pk)
        if lease is None:
            return rings
        again, heard = _pass(controller, lease)
        rings.extend(heard)
        if not again:
            return rings
    return [*rings, (name, pk)]


def _pass(controller: Controller, lease: Lease) -> tuple[bool, tuple[tuple[str, Any], ...]]:
    row = controller.load(lease.pk)
    if row is None:  # it went while we took it
        return False, ()
    try:
        return _attempt(controller, lease, row)
    except LeaseLost:
        return False, ()


def _attempt(controller: Controller, lease: Lease, row: Any) -> tuple[bool, tuple[tuple[str, Any], ...]]:
    try:
        result = controller.reconcile(row, lease)
        outcome = {"attempts": 0, "failures": 0, "code": "", "message": "", "retrying": True, **result.seen}
        return _settle(lease, row, _next_look(result), result.record, result.wake, **outcome), result.rings
    except LeaseLost:
        raise
    except Failed as failure:
        return _deferred(controller, lease, row, failure), ()
    except Exception:  # a bug in one reconciler: told on its row and in the log, and no reason to stop the others
        log.exception("%s %s: unexpected failure", controller.name, lease.pk)
        unexpected = Retryable("internal", "Something went wrong inside Warren; the log has the details.")
        return _deferred(controller, lease, row, unexpected), ()


def _next_look(result: Result) -> float | None:
    if result.rest:
        return None
    return settings.RESYNC_SECONDS * random.uniform(0.9, 1.1) if result.after is None else result.after


def _deferred(controller: Controller, lease: Lease, row: Any, failure: Failed) -> bool:
    after = failure.retry_after
    if after is None:
        after = settings.RESYNC_SECONDS if isinstance(failure, Terminal) else backoff(row.failures)
    log.warning("%s %s: %s: %s; next try in %.1f s", controller.name, lease.pk, failure.code, failure, after)
    return _settle(
        lease,
        row,
        after,
        lambda: controller.failed(row, failure),
        lambda: None,
        failures=F("failures") + 1,
        code=failure.code,
        message=str(failure),
        retrying=not isinstance(failure, Terminal),
    )


def backoff(failures: int) -> float:
    """1, 2, 4 … 300 seconds, each less up to a fifth, so that many rows do not come back as one crowd."""
    return float(min(MAX_BACKOFF, 2.0 ** min(failures, 16)) * random.uniform(0.8, 1.0))


def _settle(
    lease: Lease,
    row: Any,
    after: float | None,
    record: Callable[[], None],
    wake: Callable[[], object],
    **outcome: Any,
) -> bool:
    """Write all that came of the pass and give the lease back; True if the row was rung since it was read.

    Or nothing of it, and `LeaseLost`. Rows are locked in one order everywhere, or two would wait for each other: the
    container, its conditions, its publications, their tunnel. So a publication is written before it wakes its tunnel,
    and a tunnel tells its publications, in `record`, before it is written.
    """
    due = None if after is None else timezone.now() + datetime.timedelta(seconds=after)
    free = {"lease_holder": "", "lease_until": None}
    with transaction.atomic():
        record()
        rung = not lease.rows().filter(rings=row.rings).update(next_check_at=due, **free, **outcome)
        if rung and not lease.rows().update(next_check_at=timezone.now(), **free, **outcome):
            if lease.model.objects.filter(pk=lease.pk).exists():
                raise LeaseLost
            rung = False  # the pass took it away
        wake()
    return rung
