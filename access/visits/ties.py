"""Which grant a visit goes back to. Pure."""

import datetime
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

# By how much Cloudflare's clock, which a visit is timed by, may differ from the database's, which grants go by.
SKEW = datetime.timedelta(minutes=5)
_NONE = datetime.timedelta(0)


@dataclass(frozen=True, slots=True)
class Span:
    """A grant in time: given, ended (None: not yet), and out since (None: the edge may let them in still)."""

    pk: Any
    given: datetime.datetime
    ended: datetime.datetime | None
    out: datetime.datetime | None


def grant_of(at: datetime.datetime, allowed: bool, spans: Collection[Span]) -> Any:
    """The key of the grant, of those for that address on that container; None for none.

    Whoever was refused is tied to the grant that was open at that moment: the edge did not follow it yet. Whoever was
    let in, to the nearest in time: between the end of a grant and the moment at which the edge was seen to know of it,
    it still lets people in.
    """
    found = [span for span in spans if span.given <= at and (span.ended is None or at < span.ended)]
    if found:
        return max(found, key=lambda span: span.given).pk
    if not allowed:
        return None
    near = [(away, span) for span in spans if (away := _away(at, span)) <= SKEW]
    return min(near, key=lambda pair: (pair[0], -pair[1].given.timestamp()))[1].pk if near else None


def _away(at: datetime.datetime, span: Span) -> datetime.timedelta:
    after = _NONE if span.ended is None or span.out is None else max(_NONE, at - max(span.out, span.ended))
    return max(_NONE, span.given - at, after)
