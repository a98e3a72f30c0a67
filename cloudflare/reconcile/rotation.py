"""Changes a tunnel's secret: once it is `TUNNEL_SECRET_DAYS` old, or when staff ask for it. Nobody is cut off by that.

noted → Cloudflare takes it → a second connector signs in with it → the first one goes → whoever has the old one is cut

With a token one serves all hostnames of a tunnel, and a connection that is open outlives the change of the secret. So
what was connected before it is noted by its id, and cut once the new connector has taken over.
"""

import datetime
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from cloudflare.client import Cloudflare, ConnectorInfo, errors
from cloudflare.models import Connector, Tunnel
from cloudflare.reconcile import names
from cloudflare.reconcile.faults import translated
from containers.lease import Lease
from tenants import audit
from tenants.events import Action

ASKED = datetime.datetime.fromtimestamp(0, datetime.UTC)  # as `secret_at`: somebody wants another secret now
Rings = tuple[tuple[str, Any], ...]


def carry_out(tunnel: Tunnel, lease: Lease, client: Cloudflare) -> Rings:
    """If it is due and a connector serves: the new secret at Cloudflare, and a second connector wanted."""
    if tunnel.secret_at is None:  # a row from before anybody noted that
        lease.write(secret_at=timezone.now())
        return ()
    if not tunnel.next_secret:
        if not _is_due(tunnel) or not tunnel.connected_at:
            return ()
        tunnel.next_secret = Tunnel.new_secret()
        lease.write(next_secret=tunnel.next_secret)  # first, or nobody would know what Cloudflare took
    lease.hold()
    with translated("Change of the tunnel's secret"):
        client.tunnels.rotate(tunnel.tunnel_id, tunnel.name, tunnel.next_secret)
        # From here on nobody comes in by the old one, and nobody has the new one yet.
        outdated = [row.id for row in client.tunnels.connectors(tunnel.tunnel_id)]
    with transaction.atomic():
        lease.write(secret=tunnel.next_secret, next_secret="", secret_at=timezone.now(), outdated=outdated)
        last = tunnel.connectors.order_by("-serial").values_list("serial", flat=True).first() or 0
        fresh = tunnel.connectors.create(serial=last + 1, for_tunnel_id=tunnel.tunnel_id)
        audit.record(Action.TUNNEL_ROTATE, actor=None, target=tunnel)
    return ((names.CONNECTOR, fresh.pk),)


def _is_due(tunnel: Tunnel) -> bool:
    days, since = settings.TUNNEL_SECRET_DAYS, tunnel.secret_at
    return since == ASKED or bool(days and since and since <= timezone.now() - datetime.timedelta(days=days))


def replaced(connector: Connector, connected: Sequence[ConnectorInfo]) -> Rings | None:
    """Those before it may go, now that it serves; None: it does not yet, for all who do came by the earlier secret."""
    older = connector.tunnel.connectors.filter(wanted=True, serial__lt=connector.serial)
    keys = list(older.values_list("pk", flat=True))
    if keys and {row.id for row in connected} <= set(connector.tunnel.outdated):
        return None
    older.ring(wanted=False)
    return tuple((names.CONNECTOR, key) for key in keys)


def cut(connector: Connector, client: Cloudflare) -> None:
    """Before a connector that was replaced is forgotten: whoever else is still connected by the earlier secret."""
    tunnel = connector.tunnel
    if not tunnel.outdated or connector.for_tunnel_id != tunnel.tunnel_id:
        return
    with translated("Cutting of earlier connections"):
        for one in tunnel.outdated:
            with suppress(errors.NotFound):
                client.tunnels.drop_connections(tunnel.tunnel_id, one)
    Tunnel.objects.filter(pk=tunnel.pk, outdated=tunnel.outdated).update(outdated=[])
