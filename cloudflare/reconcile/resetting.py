"""Ends what is open between a tunnel's connectors and a container, once somebody has lost access to it.

At Cloudflare a websocket or a stream outlives the session that it began with. Nobody outside can tell whose it is, so
all of the container's are reset, and whoever is still let in reconnects: at once, and a last time `REVOCATION_SECONDS`
after the sessions were ended, for an ended one may still have begun something until then.
"""

import datetime
import logging
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.utils import timezone

from cloudflare.client import Cloudflare, errors
from cloudflare.models import Connector, Publication
from cloudflare.reconcile.faults import translated
from containers import engine
from containers.engine.base import NotReset
from containers.lease import Lease
from containers.models import Network, NetworkKind

log = logging.getLogger(__name__)


def noted(publication: Publication) -> dict[str, Any]:
    """What to write down before the policy shrinks, so that whoever comes next knows.

    Also where the owner keeps connections open: it is from that moment on that nobody comes in any more.
    """
    return _put(publication, reset_until=timezone.now(), reset_at=None)


def counted(publication: Publication) -> dict[str, Any]:
    """What to write down once the sessions were ended: it is from then on that an ended one may still be taken."""
    if not publication.reset_until or publication.reset_at:
        return {}
    until = timezone.now() + datetime.timedelta(seconds=settings.REVOCATION_SECONDS)
    return _put(publication, reset_until=until)


def carry_out(publication: Publication, lease: Lease, client: Cloudflare, *, last: bool = False) -> dict[str, Any]:
    """Reset what is open, if that is due by now; returns what to write down. `last`: nobody can come any more.

    Raises `Retryable` where the engine does not answer: then nobody knows what is open.
    """
    now = timezone.now()
    final = publication.reset_until is not None and (last or publication.reset_until <= now)
    if publication.reset_until is None or (publication.reset_at and not final):
        return {}
    if not publication.container.resets_connections:
        return _put(publication, reset_until=None) if final else {}
    message = _reset(publication, lease, client)
    until = None if final else publication.reset_until
    return _put(publication, reset_at=now, reset_until=until, reset_message=message)


def _reset(publication: Publication, lease: Lease, client: Cloudflare) -> str:
    """By the connectors; where one of them can't, by the whole tunnel. Returns why it had to be that."""
    container, tunnel = publication.container, publication.tunnel
    network = Network(tenant=container.tenant, kind=NetworkKind.TENANT).engine_name
    ended = 0
    try:
        for connector in Connector.objects.filter(tunnel=tunnel).select_related("tunnel__tenant"):
            lease.hold()
            ended += engine.current().reset_connections(connector.engine_name, container.engine_name, network)
    except NotReset as exc:
        log.warning("%s: %s: %s All connections of %s are reset instead.", publication, exc.code, exc, tunnel)
        lease.hold()
        with translated("Reset of connections"), suppress(errors.NotFound):
            client.tunnels.drop_connections(tunnel.tunnel_id)
        return str(exc)
    log.info("%s: connections that were reset: %d", publication, ended)
    return ""


def _put(publication: Publication, **fields: Any) -> dict[str, Any]:
    for name, value in fields.items():
        setattr(publication, name, value)
    return fields
