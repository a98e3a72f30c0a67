"""How full the accounts are, counted as whoever claims room counts it: five queries, however many there are."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Count
from redis.exceptions import RedisError

from cloudflare.clients import client_for
from cloudflare.models import Account, Publication, Seat, Tunnel, Zone
from cloudflare.placement import tunnels_counted


@dataclass(frozen=True, slots=True)
class Counted:
    """`limit` is None where it is not known."""

    used: int
    limit: int | None


@dataclass(frozen=True, slots=True)
class Records:
    zone: Zone
    count: Counted


@dataclass(frozen=True, slots=True)
class Room:
    """`calls`: at the API, by Warren, within Cloudflare's window; None while nobody can tell."""

    account: Account
    tunnels: Counted
    applications: Counted
    records: tuple[Records, ...]
    seats: Counted
    calls: Counted | None


def of_all() -> list[Room]:
    zones: dict[Any, list[Zone]] = {}
    for zone in Zone.objects.order_by("pk"):
        zones.setdefault(zone.account_id, []).append(zone)
    living = Publication.objects.filter(gone_at=None).order_by()
    published = dict(living.values_list("zone").annotate(count=Count("pk")))
    tunnels = dict(
        Tunnel.objects.order_by().filter(tunnels_counted()).values_list("account").annotate(count=Count("pk"))
    )
    seats = dict(Seat.objects.order_by().values_list("account").annotate(count=Count("pk")))
    return [
        Room(
            account=account,
            tunnels=Counted(tunnels.get(account.pk, 0), account.max_tunnels),
            applications=_applications(account, zones.get(account.pk, ()), published),
            records=tuple(_records(zone, published.get(zone.pk, 0)) for zone in zones.get(account.pk, ())),
            seats=Counted(seats.get(account.pk, 0), account.max_seats),
            calls=_calls(account),
        )
        for account in Account.objects.all()
    ]


def _applications(account: Account, zones: Iterable[Zone], published: dict[Any, int]) -> Counted:
    """One for each hostname, and the guard of each zone."""
    return Counted(sum(published.get(zone.pk, 0) + 1 for zone in zones), account.max_applications)


def _records(zone: Zone, published: int) -> Records:
    return Records(zone, Counted(published + zone.foreign_records, zone.max_records))


def _calls(account: Account) -> Counted | None:
    pacer = client_for(account).pacer
    try:
        return Counted(*pacer.usage()) if pacer else None
    except RedisError:
        return None
