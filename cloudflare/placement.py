"""Answers for `containers.placement`: which zone has room, and the rows that keep it."""

from collections import Counter
from dataclasses import dataclass

from django.db.models import Count, Q

from cloudflare.models import Publication, Tunnel, Zone
from cloudflare.reconcile import names
from containers import doorbell, placement
from containers.models import Container
from tenants.models import Tenant
from tenants.refusal import Refused


@dataclass(frozen=True, slots=True)
class _Place:
    zone: Zone
    tunnel: Tunnel | None  # the tenant's in the zone's account, if there is one

    @property
    def domain(self) -> str:
        return self.zone.domain

    def claim(self, container: Container) -> None:
        tunnel = self.tunnel
        if tunnel is None:
            tunnel, _ = Tunnel.objects.get_or_create(tenant=container.tenant, account=self.zone.account)
        Publication.objects.create(container=container, zone=self.zone, tunnel=tunnel, hostname=container.hostname)
        if not tunnel.tunnel_id:  # made while the publication's application is made, not after it
            Tunnel.objects.filter(pk=tunnel.pk).ring()
            doorbell.ring(names.TUNNEL, tunnel.pk)


class Zones:
    def find(self, tenant: Tenant) -> _Place:
        """In the first zone with room, those first whose account holds the tenant's tunnel already."""
        # The lock makes creations count one after the other, so that no limit is passed by two at once.
        every = list(Zone.objects.select_for_update(of=("self",)).select_related("account").order_by("pk"))
        guards = Counter(zone.account_id for zone in every)
        zones = [zone for zone in every if zone.enabled and zone.account.enabled]
        if not zones:
            raise Refused("no_domain", "No domain for containers is set up; ask whoever runs Warren.", status=503)
        home = {tunnel.account_id: tunnel for tunnel in Tunnel.objects.filter(tenant=tenant)}
        for zone in sorted(zones, key=lambda zone: (zone.account_id not in home, zone.pk)):
            if _has_room(zone, guards[zone.account_id], new_tunnel=zone.account_id not in home):
                return _Place(zone, home.get(zone.account_id))
        raise Refused(
            "cloudflare_full",
            "Every Cloudflare account of this installation has reached its limits; whoever runs Warren can add one.",
            status=503,
        )

    def labels(self, container: Container) -> dict[str, str]:
        return {"warren.tunnel": Tunnel(tenant=container.tenant).name}


def _has_room(zone: Zone, guards: int, *, new_tunnel: bool) -> bool:
    """Counted from our rows, against Cloudflare's limits of the account and the zone."""
    account = zone.account
    living = Publication.objects.filter(gone_at=None, zone__account=account).aggregate(
        in_account=Count("pk"),
        in_zone=Count("pk", filter=Q(zone=zone)),
        tunnels=Count("tunnel", distinct=True),
    )
    if living["in_account"] + guards >= account.max_applications:
        return False
    if new_tunnel and living["tunnels"] >= account.max_tunnels:
        return False
    return zone.max_records is None or living["in_zone"] + zone.foreign_records < zone.max_records


placement.plug(Zones())
