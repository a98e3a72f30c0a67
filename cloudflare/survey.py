"""One list call per account and thousand tunnels, compared with all rows: finds what changed behind our back."""

import logging
from typing import Any

from django.utils import timezone

from cloudflare.client import errors
from cloudflare.client.resources import Tunnels
from cloudflare.clients import client_for
from cloudflare.connection import report_connected
from cloudflare.models import Account, Connector, Tunnel
from cloudflare.reconcile import names

log = logging.getLogger(__name__)


def tunnels() -> list[tuple[str, Any]]:
    """Note which tunnels are connected, make due what is not as it should be; returns whom to ring."""
    rings: list[tuple[str, Any]] = []
    for account in Account.objects.filter(tunnels__isnull=False).distinct():
        # The rows first: what is made or connects while Cloudflare lists is none of them, and neither gone nor away.
        rows = list(Tunnel.objects.filter(account=account).exclude(tunnel_id="").select_related("tenant"))
        tunnels_there = client_for(account).tunnels
        try:
            listed = {row.id: row.status for row in tunnels_there.all(include_prefix=Tunnel.prefix())}
            for tunnel in rows:
                rings += _compare(tunnel, listed.get(tunnel.tunnel_id) or _asked(tunnels_there, tunnel))
        except errors.CloudflareError as exc:
            log.warning("tunnels of account %s were not surveyed: %s", account, exc)
    return rings


def _asked(tunnels_there: Tunnels, tunnel: Tunnel) -> str | None:
    """The status of one that was not listed; None once Cloudflare says that it is gone: a list may be older than it."""
    try:
        return tunnels_there.get(tunnel.tunnel_id).status
    except errors.NotFound:
        return None


def _compare(tunnel: Tunnel, status: str | None) -> list[tuple[str, Any]]:
    mine = Tunnel.objects.filter(pk=tunnel.pk, tunnel_id=tunnel.tunnel_id)  # another one since: nothing is known of it
    if status is None:
        return [(names.TUNNEL, tunnel.pk)] if mine.ring(tunnel_id="", connected_at=None) else []
    connected = status in {"healthy", "degraded"}
    if connected == bool(tunnel.connected_at):
        return []
    if not mine.update(connected_at=timezone.now() if connected else None):
        return []
    if connected:
        report_connected(tunnel, True, "Connected")
        return []
    report_connected(tunnel, False, "Disconnected", "The connector has lost its connection to Cloudflare.")
    connectors = Connector.objects.filter(tunnel=tunnel)
    connectors.ring()
    return [(names.CONNECTOR, pk) for pk in connectors.values_list("pk", flat=True)]
