"""How many there were on each of the last days, and the line that shows it: drawn here, as SVG, from rows."""

import datetime
from collections import Counter
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import TruncDate
from django.utils import timezone

DAYS = 30
WIDTH, HEIGHT = 600, 120  # of the drawing's own units
EDGE = 6


@dataclass(frozen=True, slots=True)
class Growth:
    """`counts`: at the end of each day, the present one last."""

    since: datetime.date
    counts: tuple[int, ...]

    @property
    def now(self) -> int:
        return self.counts[-1]

    @property
    def more(self) -> int:
        return self.counts[-1] - self.counts[0]

    @property
    def points(self) -> str:
        """Of the line: from 0 at the foot to the highest count at the top."""
        most, step = max(*self.counts, 1), WIDTH / (len(self.counts) - 1)
        tall = HEIGHT - 2 * EDGE
        return " ".join(
            f"{at * step:.1f},{HEIGHT - EDGE - tall * count / most:.1f}" for at, count in enumerate(self.counts)
        )

    @property
    def area(self) -> str:
        return f"0,{HEIGHT} {self.points} {WIDTH},{HEIGHT}"


def of(every: QuerySet[Any]) -> Growth:
    """Of rows with `created_at` and `deleted_at`; three queries."""
    today = timezone.now().date()
    days = [today - datetime.timedelta(days=back) for back in range(DAYS - 1, -1, -1)]
    first = datetime.datetime.combine(days[0], datetime.time.min, datetime.UTC)
    rows = every.order_by()
    before = rows.filter(Q(deleted_at=None) | Q(deleted_at__gte=first), created_at__lt=first).count()
    came, went = _by_day(rows, "created_at", first), _by_day(rows, "deleted_at", first)
    counts = []
    for day in days:
        before += came[day] - went[day]
        counts.append(before)
    return Growth(days[0], tuple(counts))


def _by_day(rows: Any, field: str, first: datetime.datetime) -> Counter[datetime.date]:
    day = TruncDate(field, tzinfo=datetime.UTC)
    found = rows.filter(**{f"{field}__gte": first}).annotate(day=day).values_list("day").annotate(count=Count("pk"))
    return Counter(dict(found))
