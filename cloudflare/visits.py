"""Imports who came to the edge from Cloudflare's log of each account, without gaps and without doubles.

The log has no keys and no pages: it is read forward in time, each answer beginning where the last one ended, and a
little earlier at the beginning of a pass. What was read before is recognized (`cloudflare.lines`), so reading twice is
harmless. An answer's visits and the place that was reached are written in one transaction, under the cursor's lease.
"""

import datetime
import logging
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Min
from django.utils import timezone

from access import visits
from cloudflare import lines
from cloudflare.client import AccessEvent
from cloudflare.client.resources import Logs
from cloudflare.clients import client_for
from cloudflare.models import Account, Application, VisitCursor
from cloudflare.reconcile import names
from cloudflare.reconcile.faults import translated
from containers import loop
from containers.lease import Lease
from tenants import audit
from tenants.events import Action
from tenants.models import AuditEvent

log = logging.getLogger(__name__)

OVERLAP = datetime.timedelta(minutes=15)  # a line may get into the log late; by how much, Cloudflare does not say
AT_FIRST = datetime.timedelta(days=1)  # the same before there is a line to go by: Cloudflare has a clock of its own
PAGE = 1000  # lines that are asked for at once
SURE = 25  # what Cloudflare answers when no number is asked for: an answer with fewer lines was not cut short
TICK = datetime.timedelta(microseconds=1)


def due() -> list[Any]:
    """Keys of the cursors that want a pass; every account that has or had an application of ours has one."""
    for account in Account.objects.filter(applications__isnull=False, visit_cursor=None).distinct():
        VisitCursor.objects.get_or_create(account=account)
    return list(VisitCursor.objects.due().values_list("pk", flat=True))


def load(pk: Any) -> VisitCursor:
    return VisitCursor.objects.select_related("account").get(pk=pk)


def reconcile(cursor: VisitCursor, lease: Lease) -> loop.Result:
    reading = _Reading(cursor, lease, client_for(cursor.account).logs)
    # `handled`: the newest line that was read; `since`: the time that is asked for.
    handled = since = _begin(cursor)
    while len(found := reading.ask(since)) >= SURE:
        newest = max(line.created_at for line in found)
        if newest > handled:
            reading.keep(found)
            since = newest - TICK  # whether the first moment is in the answer is not said: so it is not the first
        else:
            reading.crowd(found, newest)
            since = newest + TICK
        handled = newest
    reading.keep(found)
    # A little less than the time between two rings, so that each of them finds it due.
    return loop.Result(after=0.8 * settings.VISITS_SECONDS, seen={"complete_at": timezone.now()})


def _begin(cursor: VisitCursor) -> datetime.datetime:
    """Where to read from: a little before what was read last; at first, from when there was something of ours."""
    noted = Application.objects.filter(account=cursor.account_id).aggregate(first=Min("noted_at"))["first"]
    now = timezone.now()
    wanted = now - datetime.timedelta(days=settings.VISITS_DAYS or 36_500)
    return max(cursor.reached_at - OVERLAP if cursor.reached_at else (noted or now) - AT_FIRST, wanted)


@dataclass(slots=True)
class _Reading:
    """One pass over the log of an account."""

    cursor: VisitCursor
    lease: Lease
    log: Logs
    fresh: bool = True  # nothing was kept yet

    def ask(self, since: datetime.datetime, **more: Any) -> list[AccessEvent]:
        self.lease.hold()
        with translated("Import of visits"):
            return self.log.access_requests(since=since, limit=PAGE, **more)

    def keep(self, found: list[AccessEvent]) -> None:
        """One answer, and that it was read; or nothing of it, and `LeaseLost`."""
        cursor, now = self.cursor, timezone.now()
        ours = _containers(cursor, found)
        before = cursor.reached_at
        # Not into the future, should a clock be wrong: what happens until then would be passed by.
        reached = max([at for at in (before, *(min(line.created_at, now) for line in found)) if at], default=None)
        foreign = sum(line.app_uid not in ours and (not before or line.created_at > before) for line in found)
        seen: dict[str, Any] = {"reached_at": reached}
        with transaction.atomic():
            visits.keep(lines.visits(cursor.account.account_id, found, ours))
            if self.fresh and (lost := _lost(cursor, found, now)):
                self._say(*lost)
                seen["complete_at"] = lost[1]
            self.lease.write(**seen, **({"foreign": F("foreign") + foreign} if foreign else {}))
        cursor.reached_at, self.fresh = reached, False

    def crowd(self, found: list[AccessEvent], at: datetime.datetime) -> None:
        """As many lines as an answer holds, all of one moment: what is behind them is asked for from the other end."""
        others = self.ask(at, until=at, direction="desc")
        with transaction.atomic():
            self.keep(found)
            self.keep(others)
            if not set(found) & set(others):  # the two ends do not meet
                self._say(at, at)

    def _say(self, begin: datetime.datetime, end: datetime.datetime) -> None:
        """Once: what was read is read again, and what is missing found to be so again."""
        account = self.cursor.account
        facts: dict[str, Any] = {"from": begin.isoformat(), "until": end.isoformat()}
        said = AuditEvent.objects.filter(target_type=account._meta.label_lower, target_id=str(account.pk))
        if not said.filter(action=Action.VISITS_GAP, detail=facts).exists():
            log.warning("visits of account %s from %s until %s may be lost", account, begin, end)
            audit.record(Action.VISITS_GAP, actor=None, target=account, **facts)


def _containers(cursor: VisitCursor, found: list[AccessEvent]) -> dict[str, Any]:
    ids = {line.app_uid for line in found}
    rows = Application.objects.filter(account=cursor.account_id, app_id__in=ids)
    return dict(rows.values_list("app_id", "container_id"))


def _lost(
    cursor: VisitCursor, found: list[AccessEvent], now: datetime.datetime
) -> tuple[datetime.datetime, datetime.datetime] | None:
    """From when until when lines may be missing: nobody read the log for longer than Cloudflare keeps it.

    Not if it still has a line that was read before: then it reaches back far enough.
    """
    oldest, before = now - datetime.timedelta(hours=settings.VISITS_LOG_HOURS), cursor.reached_at
    if cursor.complete_at >= oldest:
        return None
    if before and any(line.created_at <= before for line in found):
        return None
    return cursor.complete_at, oldest


loop.register(loop.Controller(names.VISITS, VisitCursor, load, reconcile))
