"""Tells a tenant's containers whether their tunnel is connected."""

from cloudflare.models import Publication, Tunnel
from cloudflare.reconcile import names
from containers import conditions, observed
from containers.models import Desired


def report_connected(tunnel: Tunnel, connected: bool, reason: str, message: str = "") -> None:
    """Write the condition of every living container behind the tunnel."""
    living = Publication.objects.filter(tunnel=tunnel, gone_at=None).exclude(container__desired=Desired.ABSENT)
    keys = list(living.values_list("container", flat=True).distinct())
    if conditions.report(keys, names.CONNECTED, connected, reason, message):
        for key in keys:
            observed.tell(key)
