"""One container's history as columns over an even grid of times: one query, whatever is asked for."""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import F, Q, Subquery, Value
from django.db.models.functions import Coalesce

from monitoring.history import LEVELS
from monitoring.history.rows import FIELDS, Row
from monitoring.models import History
from tenants.refusal import Refused
from tenants.words import gettext as _

MOST = 1500  # points of one answer
STEPS = (*LEVELS, 1800)  # seconds between two points, from which is chosen where nothing is asked for
COLUMNS = {  # in an answer, and in a row
    "cpu_percent": "cpu",
    "cpu_percent_max": "cpu_max",
    "memory_used": "memory",
    "memory_used_max": "memory_max",
    "network_rx": "rx",
    "network_tx": "tx",
    "block_read": "read",
    "block_write": "write",
    "pids": "pids",
}


@dataclass(frozen=True, slots=True)
class Span:
    """A time, in seconds since 1970, and the seconds between two points. It begins where a point does."""

    start: int
    end: int
    step: int

    @property
    def points(self) -> int:
        return math.ceil((self.end - self.start) / self.step)

    @classmethod
    def of(cls, start: int, end: int, step: int | None) -> "Span":
        """From `start` on, until `end` or now. Without a step the finest that still reaches back so far and fits.

        Raises `range_invalid` and `range_too_long`.
        """
        now = int(time.time())
        end = min(end, now)
        if start >= end:
            raise Refused(
                "range_invalid",
                _("The time asked for ends before it begins, or has not come yet; choose another."),
                status=400,
            )
        spans = [cls(start // each * each, end, each) for each in ([step] if step else STEPS)]
        fitting = [span for span in spans if span.points <= MOST]
        if not fitting:
            span = spans[-1]
            raise Refused(
                "range_too_long",
                _(
                    "In steps of %(step)s s these are %(points)s points, and one answer has at most "
                    "%(most)s. Ask for a shorter time, or for coarser steps where there are some."
                )
                % {"step": span.step, "points": span.points, "most": MOST},
                status=400,
                points=span.points,
                limit=MOST,
            )
        return next((span for span in fitting if LEVELS[span.level] >= now - start), fitting[-1])

    @property
    def level(self) -> int:
        """The resolution of the rows that it is made of."""
        return max(level for level in LEVELS if level <= self.step)


def columns(container: Any, span: Span) -> dict[str, Any]:
    """`{resolution, from, to, at: […], cpu_percent: […], …}`; None where nothing was measured."""
    points: list[Row | None] = [None] * span.points
    for at, row in _rows(container, span):
        place = (at - span.start) // span.step
        if (point := points[place]) is None:
            points[place] = row
        else:
            point.add(row)
    times = list(range(span.start, span.end, span.step))
    shown = {"resolution": span.step, "from": span.start, "to": span.end, "at": times}
    return shown | {name: [_shown(point, field) for point in points] for name, field in COLUMNS.items()}


def _shown(point: Row | None, field: str) -> Any:
    value = None if point is None else getattr(point, field)
    if value is None or isinstance(value, int):
        return value
    return round(value, 2) if field.startswith("cpu") else int(value)


def _rows(container: Any, span: Span) -> Iterator[tuple[int, Row]]:
    """Those of its level, and what is newer than the newest of them from the finer ones, so that it reaches now."""
    rows = History.objects.filter(container=container, at__gte=span.start, at__lt=span.end)
    newest = rows.filter(resolution=span.level).order_by("-at").values(end=F("at") + span.level)[:1]
    finer = Q(resolution__lt=span.level, at__gte=Coalesce(Subquery(newest), Value(span.start)))
    found = rows.filter(Q(resolution=span.level) | finer).order_by("-resolution", "at")
    resolution, reached, covered = span.level, span.start, span.start
    for level, at, *values in found.values_list("resolution", "at", *FIELDS):
        if level != resolution:
            resolution, covered = level, reached
        if at >= covered:
            reached = at + level
            yield at, Row(*values)
