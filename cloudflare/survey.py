"""One list call per account and thousand tunnels, compared with all rows: finds what changed behind our back."""

import logging
from typing import Any

from django.utils import timezone

from cloudflare.client import errors
from cloudflare.clients import client_for
from cloudflare.connection import report_connected
from cloudflare.models import Account, Connector, Tunnel
from cloudflare.reconcile import names

log = logging.getLogger(__name__)


def tunnels() -> list[tuple[str, Any]]:
    """Note which tunnels are connected, make due what is not as it should be; returns whom to ring."""
    rings: list[tuple[str, Any]] = []
    for account in Account.objects.filter(tunnels__isnull=False).distinct():
        rows = Tunnel.objects.filter(account=account).exclude(tunnel_id="").select_related("tenant")
        try:
            seen = {row.id: row.status for row in client_for(account).tunnels.all(include_prefix=Tunnel.prefix())}
        except errors.CloudflareError as exc:
            log.warning("tunnels of account %s were not surveyed: %s", account, exc)
            continue
        for tunnel in rows:
            rings += _compare(tunnel, seen.get(tunnel.tunnel_id))
    return rings


def _compare(tunnel: Tunnel, status: str | None) -> list[tuple[str, Any]]:
    if status is None:
        Tunnel.objects.filter(pk=tunnel.pk, tunnel_id=tunnel.tunnel_id).update(tunnel_id="", connected_at=None)
        Tunnel.objects.filter(pk=tunnel.pk).ring()
        return [(names.TUNNEL, tunnel.pk)]
    connected = status in {"healthy", "degraded"}
    if connected == bool(tunnel.connected_at):
        return []
    Tunnel.objects.filter(pk=tunnel.pk).update(connected_at=timezone.now() if connected else None)
    if connected:
        report_connected(tunnel, True, "Connected")
        return []
    report_connected(tunnel, False, "Disconnected", "The connector has lost its connection to Cloudflare.")
    connectors = Connector.objects.filter(tunnel=tunnel)
    connectors.ring()
    return [(names.CONNECTOR, pk) for pk in connectors.values_list("pk", flat=True)]
