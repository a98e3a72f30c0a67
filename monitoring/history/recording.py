"""Writes the rows of ten seconds: what the agent calls."""

import datetime
from collections.abc import Collection, Mapping

from django.db import transaction

from containers import traffic
from containers.models import Container
from monitoring.history import FINEST
from monitoring.history.buckets import ZERO, Bucket, Buckets, Counters, Known, Numbers, begun
from monitoring.history.rows import FIELDS, Row
from monitoring.models import History, Meter


class Recorder:
    """Call `take` with every reading of all containers, one call at a time, in a thread that may wait for the database;
    leave readings out while it does. Call `close` at the end.

    What is written is never added to what is there: it takes its place, and is what was read there and what was
    measured since. So nothing counts twice, whether an answer of the database was lost, or two agents run at once. The
    counters are written with the rows that they led to: what is lost is at most samples, and never a byte.
    """

    def __init__(self) -> None:
        self._buckets = Buckets()
        self._newest = 0  # bucket that was ever open
        self._month: datetime.date | None = None
        self._strangers: set[str] = set()  # at the engine, and no rows of ours

    def take(self, at: datetime.datetime, containers: Mapping[str, Numbers]) -> int:
        """A reading, by the keys of containers. Returns how many rows were written: of all containers every 10 s.

        After an error of the database, which it raises, it goes on from what is on record.
        """
        try:
            return self._take(at, containers)
        except BaseException:
            self._buckets = Buckets()
            raise

    def close(self) -> int:
        """Write what was measured of a bucket that is not over; whoever goes on with it adds to that."""
        over, self._buckets = self._buckets.close(), Buckets()
        return _store(over)

    def _take(self, at: datetime.datetime, containers: Mapping[str, Numbers]) -> int:
        bucket, open_ = begun(at), self._buckets.at
        written = _store(self._buckets.turn(at))
        month = traffic.month_of(at)
        # Another month is counted from what it has; and so is a time that was before, when the clock was set back.
        if month != self._month or (bucket != open_ and bucket <= self._newest):
            self._buckets = Buckets()
            self._buckets.turn(at)
        self._newest, self._month = max(self._newest, bucket), month
        self._strangers &= containers.keys()
        if unknown := self._buckets.unknown(containers) - self._strangers:
            self._learn(unknown, bucket, month)
        self._buckets.take({name: row for name, row in containers.items() if name not in self._strangers})
        return written

    def _learn(self, unknown: Collection[str], bucket: int, month: datetime.date) -> None:
        meters = Container.objects.filter(pk__in=unknown).values_list(
            "pk", *(f"meter__{name}" for name in ZERO._fields)
        )
        open_ = History.objects.filter(container_id__in=unknown, resolution=FINEST, at=bucket)
        rows = {str(pk): Row(*values) for pk, *values in open_.values_list("container", *FIELDS)}
        known = {str(pk): ZERO if counters[0] is None else Counters(*counters) for pk, *counters in meters}
        moved = traffic.noted(known, month) if known else {}
        for container, counters in known.items():
            self._buckets.learn(container, Known(counters, *moved.get(container, (0, 0))), rows.get(container))
        self._strangers |= set(unknown) - known.keys()


def _store(over: Collection[Bucket]) -> int:
    """One statement each for the rows of all containers, their counters, and what they moved in the month."""
    if not over:
        return 0
    rows = [
        History(container_id=container, resolution=FINEST, at=at, **row.columns()) for container, at, row, _ in over
    ]
    meters = [Meter(container_id=bucket.container, **bucket.known.counters._asdict()) for bucket in over]
    moved = {bucket.container: (bucket.known.received, bucket.known.sent) for bucket in over}
    key = ["container", "resolution", "at"]
    with transaction.atomic():
        History.objects.bulk_create(rows, update_conflicts=True, unique_fields=key, update_fields=FIELDS)
        Meter.objects.bulk_create(
            meters, update_conflicts=True, unique_fields=["container"], update_fields=ZERO._fields
        )
        (at,) = {bucket.at for bucket in over}
        traffic.note(traffic.month_of(datetime.datetime.fromtimestamp(at, datetime.UTC)), moved)
    return len(rows)
