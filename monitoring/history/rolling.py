"""Coarse rows out of fine ones, and away with what is too old. Set-based: no query per container, ever.

A coarse row is always made anew of all its fine rows, and takes the place of the one that is there only if it stands
on more samples. So it does not matter how often this runs, how many run at once, where one was killed, or that fine
rows come late; and a row whose fine ones have gone in part is left alone. A fine row goes only once there is a coarse
one over it.
"""

import time
from itertools import pairwise

from django.db import connection, transaction
from django.db.models import Exists, Max, OuterRef

from monitoring.history import LEVELS
from monitoring.models import History

LATE = 20  # seconds after the end of a stretch in which its last rows may still be on their way
_AGAIN = {60: 15, 900: 4}  # of a level, so many of the newest stretches are looked at again: rows may have come late
_BATCH = 5000  # rows that one transaction takes away

_ROLL = """
INSERT INTO monitoring_history
    (container_id, resolution, at, samples, cpu_samples, cpu, cpu_max, memory, memory_max,
    rx, tx, "read", "write", pids)
SELECT container_id, %(to)s, at - at %% %(to)s, SUM(samples), SUM(cpu_samples),
    SUM(cpu * cpu_samples) / NULLIF(SUM(cpu_samples), 0), MAX(cpu_max),
    CAST(SUM(memory * samples) AS bigint) / CAST(SUM(samples) AS bigint), MAX(memory_max),
    SUM(rx), SUM(tx), SUM("read"), SUM("write"), MAX(pids)
FROM monitoring_history
WHERE resolution = %(of)s AND at >= %(since)s AND at < %(until)s
GROUP BY 1, 3
ORDER BY 1, 3
ON CONFLICT (container_id, resolution, at) DO UPDATE SET
    samples = EXCLUDED.samples, cpu_samples = EXCLUDED.cpu_samples, cpu = EXCLUDED.cpu, cpu_max = EXCLUDED.cpu_max,
    memory = EXCLUDED.memory, memory_max = EXCLUDED.memory_max, rx = EXCLUDED.rx, tx = EXCLUDED.tx,
    "read" = EXCLUDED."read", "write" = EXCLUDED."write", pids = EXCLUDED.pids
WHERE EXCLUDED.samples > monitoring_history.samples
"""  # in one order, so that two at once wait for each other and not in a circle


def roll_up(now: float | None = None, *, whole: bool = False) -> None:
    """Make the coarse rows of every stretch that is over: from the newest ones on, or `whole`, of all fine rows."""
    now = time.time() if now is None else now
    for of, to in pairwise(LEVELS):
        until = (int(now) - LATE) // to * to
        coarse = History.objects.filter(resolution=to, at__lt=until)
        newest = None if whole else coarse.aggregate(newest=Max("at"))["newest"]
        since = 0 if newest is None else newest - _AGAIN[to] * to
        with connection.cursor() as cursor:
            cursor.execute(_ROLL, {"of": of, "to": to, "since": since, "until": until})


def prune(now: float | None = None) -> int:
    """Drop the rows whose time is over, a part at a time; returns how many."""
    now = time.time() if now is None else now
    coarser = dict(pairwise(LEVELS))
    return sum(_drop(level, coarser.get(level), int(now) - kept) for level, kept in LEVELS.items())


def _drop(level: int, over: int | None, before: int) -> int:
    old = History.objects.filter(resolution=level, at__lt=before)
    if over is not None:
        start = OuterRef("at") - OuterRef("at") % over
        old = old.filter(Exists(History.objects.filter(container=OuterRef("container"), resolution=over, at=start)))
    dropped = 0
    while True:
        with transaction.atomic():
            # Whoever drops at the same time takes other rows.
            keys = old.select_for_update(skip_locked=True, of=("self",)).order_by("at").values_list("pk", flat=True)
            if not (chosen := list(keys[:_BATCH])):
                return dropped
            dropped += History.objects.filter(pk__in=chosen).delete()[0]
