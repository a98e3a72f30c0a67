"""Where a grant stands, for people: what was decided, and what the edge was seen to make of it. Pure."""

import datetime
from enum import StrEnum
from typing import Protocol

from django.db.models import Q
from django.utils import timezone


class State(StrEnum):
    PENDING = "pending"  # the edge does not let the address in yet, or not at the moment
    ACTIVE = "active"
    EXPIRING = "expiring"  # over; that the edge holds them out is not certain yet
    EXPIRED = "expired"
    REVOKING = "revoking"  # the same for one that was ended before its time
    REVOKED = "revoked"


class Facts(Protocol):
    created_at: datetime.datetime
    expires_at: datetime.datetime | None
    active_at: datetime.datetime | None
    ended_at: datetime.datetime | None
    ended_how: str
    out_at: datetime.datetime | None


def of(grant: Facts) -> tuple[State, datetime.datetime]:
    """The state, and since when. A grant past its end has ended, whether or not anybody has noted that yet."""
    over = grant.ended_at
    if over is None and grant.expires_at and grant.expires_at <= timezone.now():
        over = grant.expires_at
    if over is None:
        return (State.ACTIVE, grant.active_at) if grant.active_at else (State.PENDING, grant.created_at)
    expired = grant.ended_how in {"", "expired"}
    if grant.out_at:
        return (State.EXPIRED if expired else State.REVOKED), grant.out_at
    return (State.EXPIRING if expired else State.REVOKING), over


def open_now() -> Q:
    """Grants that have not ended, as a filter over `Grant`: by anybody, or by time."""
    return Q(ended_at=None) & (Q(expires_at=None) | Q(expires_at__gt=timezone.now()))


def where(state: State) -> Q:
    """Those in that state: what `of` says of one."""
    by_time = Q(ended_how__in=("", "expired"))
    match state:
        case State.PENDING:
            return open_now() & Q(active_at=None)
        case State.ACTIVE:
            return open_now() & Q(active_at__isnull=False)
        case State.EXPIRING:
            return ~open_now() & by_time & Q(out_at=None)
        case State.EXPIRED:
            return ~open_now() & by_time & Q(out_at__isnull=False)
        case State.REVOKING:
            return ~open_now() & ~by_time & Q(out_at=None)
        case State.REVOKED:
            return ~open_now() & ~by_time & Q(out_at__isnull=False)
