"""Answers for `containers.placement`: which zone has room, and the rows that keep it."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from cloudflare.models import Publication, Tunnel, Zone
from cloudflare.reconcile import names
from containers import doorbell, placement, steps
from containers.models import Container, ContainerStatus
from tenants.models import Tenant
from tenants.refusal import Refused
from tenants.words import gettext as _

MAX_HOSTNAMES = 3  # of one container: wanted, answering, and one being given up; or one could use up an account


@dataclass(frozen=True, slots=True)
class _Place:
    zone: Zone
    tunnel: Tunnel | None  # the tenant's in the zone's account, if there is one

    @property
    def domain(self) -> str:
        return self.zone.domain

    def claim(self, container: Container) -> None:
        _refuse_if_given_up(container.hostname)
        tunnel = self.tunnel
        if tunnel is None:
            tunnel, _ = Tunnel.objects.get_or_create(tenant=container.tenant, account=self.zone.account)
        _publish(container, self.zone, tunnel)
        if not tunnel.tunnel_id:  # made while the publication's application is made, not after it
            Tunnel.objects.filter(pk=tunnel.pk).ring()
            doorbell.ring(names.TUNNEL, tunnel.pk)


@dataclass(frozen=True, slots=True)
class _Beside:
    """Where the container lives: its hostnames that are not gone."""

    living: list[Publication]

    @property
    def domain(self) -> str:
        return self.living[0].zone.domain

    def claim(self, container: Container) -> None:
        """What answers stays until the new hostname does; one that nobody was told of goes at once."""
        for step in (names.STEP_TUNNEL, names.STEP_ACCESS, names.STEP_DNS):
            steps.again(container, step)
        again = [row for row in self.living if row.hostname == container.hostname and not row.leaves_at]
        if not again:
            self._claim_another(container)
        answering = ContainerStatus.objects.values_list("hostname", flat=True).get(pk=container.pk)
        kept = {answering, container.hostname}
        idle = [row.pk for row in self.living if row.hostname not in kept and not row.leaves_at]
        Publication.objects.filter(pk__in=idle).ring(leaves_at=timezone.now())

    def _claim_another(self, container: Container) -> None:
        _refuse_if_given_up(container.hostname)
        if len(self.living) >= MAX_HOSTNAMES:
            raise Refused(
                "rename_in_progress",
                _("Earlier addresses of this container are still being given up; try again in a moment."),
                status=409,
            )
        zone = self.living[0].zone
        guards = [each for each in _lock_zones() if each.account_id == zone.account_id]
        if not _has_room(zone, len(guards)):
            raise Refused(
                "cloudflare_full",
                _(
                    "A rename takes one more address for a moment, and the Cloudflare account of this "
                    "container has reached its limits; whoever runs Warren can raise them."
                ),
                status=503,
            )
        _publish(container, zone, self.living[0].tunnel)


class Zones:
    def find(self, tenant: Tenant) -> _Place:
        """In the first zone with room, those first whose account holds the tenant's tunnel already."""
        return self._choose(_lock_zones(), tenant)

    def likely(self, tenant: Tenant) -> str:
        return self._choose(_zones(), tenant).domain

    def _choose(self, every: Iterable[Zone], tenant: Tenant) -> _Place:
        every = list(every)
        guards = Counter(zone.account_id for zone in every)
        zones = [zone for zone in every if zone.enabled and zone.account.enabled]
        if not zones:
            raise Refused("no_domain", _("No domain for containers is set up; ask whoever runs Warren."), status=503)
        tunnels = Tunnel.objects.filter(tenant=tenant).annotate(counts=tunnels_counted()).only("account", "tunnel_id")
        known = {tunnel.account_id: tunnel for tunnel in tunnels}
        home = {tunnel.account_id for tunnel in tunnels if tunnel.counts}  # without those that sleep
        for zone in sorted(zones, key=lambda zone: (zone.account_id not in home, zone.pk)):
            if _has_room(zone, guards[zone.account_id], new_tunnel=zone.account_id not in home):
                return _Place(zone, known.get(zone.account_id))
        raise Refused(
            "cloudflare_full",
            _("Every Cloudflare account of this installation has reached its limits; whoever runs Warren can add one."),
            status=503,
        )

    def beside(self, container: Container) -> _Beside:
        living = Publication.objects.filter(container=container, gone_at=None).order_by("pk")
        return _Beside(list(living.select_related("zone__account", "tunnel")))

    def labels(self, container: Container) -> dict[str, str]:
        return {"warren.tunnel": Tunnel(tenant=container.tenant).name}


def _lock_zones() -> list[Zone]:
    """The lock makes claims count one after the other, so that no limit is passed by two at once."""
    return list(_zones().select_for_update(of=("self",)))


def _zones() -> QuerySet[Zone]:
    of_account = (f"account__{name}" for name in ("enabled", "max_applications", "max_tunnels"))
    rows = Zone.objects.select_related("account")
    return rows.only("account", "domain", "enabled", "max_records", "foreign_records", *of_account).order_by("pk")


def _refuse_if_given_up(hostname: str) -> None:
    if Publication.objects.filter(hostname=hostname, gone_at=None).exists():
        raise Refused(
            "name_taken",
            _(
                "The address %(hostname)s is being given up just now, by a container that was renamed; try "
                "again in a moment, or choose another name."
            )
            % {"hostname": hostname},
            status=409,
            field="name",
        )


def _publish(container: Container, zone: Zone, tunnel: Tunnel) -> None:
    made = Publication.objects.create(container=container, zone=zone, tunnel=tunnel, hostname=container.hostname)
    doorbell.ring(names.PUBLICATION, made.pk)


def _has_room(zone: Zone, guards: int, *, new_tunnel: bool = False) -> bool:
    """Counted from our rows, against Cloudflare's limits of the account and the zone."""
    account = zone.account
    living = Publication.objects.filter(gone_at=None, zone__account=account).aggregate(
        in_account=Count("pk"), in_zone=Count("pk", filter=Q(zone=zone))
    )
    if living["in_account"] + guards >= account.max_applications:
        return False
    if new_tunnel and Tunnel.objects.filter(tunnels_counted(), account=account).count() >= account.max_tunnels:
        return False
    return zone.max_records is None or living["in_zone"] + zone.foreign_records < zone.max_records


def tunnels_counted() -> Q:
    """Tunnels that stand at Cloudflare, or are to: one that sleeps takes a place anew when it wakes."""
    return ~Q(tunnel_id="") | Q(Exists(Publication.objects.filter(tunnel=OuterRef("pk"), gone_at=None)))


placement.plug(Zones())
