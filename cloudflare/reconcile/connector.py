"""Brings one cloudflared of ours in line: runs beside the tenant's containers, signed in with the tunnel's token."""

import logging
import time
from dataclasses import replace
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from cloudflare.client import Cloudflare, ConnectorInfo
from cloudflare.clients import client_for
from cloudflare.connection import report_connected
from cloudflare.models import Connector, Tunnel
from cloudflare.reconcile import names, rotation
from cloudflare.reconcile.faults import translated
from containers import engine, loop, networks
from containers.engine.base import LABEL, ContainerSpec, File, ImageMissing, Listed, NetworkMissing, Observed
from containers.errors import Failed, Retryable
from containers.lease import Lease
from containers.models import EngineState, Network, NetworkKind
from containers.models.schedule import ScheduledQuerySet
from tenants.models.plan import MIB

log = logging.getLogger(__name__)

TOKEN_FILE = "/etc/cloudflared/token"
UID = 65532  # of cloudflared's image, and of the simulator's connector
METRICS = "127.0.0.1:2000"  # for the image's own health check alone
FIRST_LOOKS = (0.1, 0.15, 0.25, 0.5, 1.0)  # seconds between looks at a connector that has just been started


def load(pk: Any) -> Connector | None:
    return Connector.objects.select_related("tunnel__tenant", "tunnel__account").filter(pk=pk).first()


def reconcile(connector: Connector, lease: Lease) -> loop.Result:
    if not connector.wanted:
        return _remove(connector, lease)
    started = _run(connector, lease)
    client = client_for(connector.tunnel.account)
    for pause in FIRST_LOOKS if started else (0.0,):
        time.sleep(pause)
        lease.hold()
        seen = _connected(connector, client)
        if seen and (gone := rotation.replaced(connector, seen)) is not None:
            result = _ready(connector, max(row.config_version for row in seen))
            return replace(result, rings=(*gone, *result.rings))
    if seen:  # those that it is to replace serve meanwhile
        return loop.Result(after=3)
    if connector.ready_at:
        lease.write(ready_at=None)
    Tunnel.objects.filter(pk=connector.tunnel_id).update(connected_at=None)
    report_connected(connector.tunnel, False, "Connecting", "The connector has no connection to Cloudflare yet.")
    return loop.Result(after=3)


def _run(connector: Connector, lease: Lease) -> bool:
    """Have it running; True if it was started just now."""
    current = engine.current()
    seen = None if connector.first_attempt and not connector.engine_id else current.inspect(connector.engine_name)
    if seen is not None and serves(connector, seen) and not seen.paused:
        return False
    if seen is not None and seen.state != "created":
        # It has run and ended: its token file may be the cause, and only a new container gets a new one. Or somebody
        # has paused it or taken it off a network: it holds nothing that a new one does not have as well.
        current.remove(connector.engine_name)
    tenant = connector.tunnel.tenant
    networks.ensure(tenant, NetworkKind.TENANT)
    networks.ensure(None, NetworkKind.CONNECTORS)
    lease.hold()
    try:
        made = _create(connector, lease)
        current.start(connector.engine_name)
    except NetworkMissing:
        networks.forget(tenant)
        networks.forget(None)
        current.remove(connector.engine_name)
        raise
    lease.write(engine_id=made)
    return True


def serves(connector: Connector, there: Observed | Listed) -> bool:
    """Whether it runs, and is where it is needed: at its tenant's containers, and on the way out."""
    slug = connector.tunnel.tenant.slug
    needed = {Network.name(slug, NetworkKind.TENANT), Network(kind=NetworkKind.CONNECTORS).engine_name}
    return there.state == EngineState.RUNNING and needed <= there.networks


def _create(connector: Connector, lease: Lease) -> str:
    """Make it, or adopt it and put the token into it again: a killed pass may have left it without."""
    wanted, token = _spec(connector), File(TOKEN_FILE, connector.tunnel.token.encode(), mode=0o400, uid=UID)
    try:
        return engine.current().create(wanted, [token])
    except ImageMissing:
        engine.current().pull(settings.CONNECTOR_IMAGE, lambda line: lease.hold())
        return engine.current().create(wanted, [token])


def _spec(connector: Connector) -> ContainerSpec:
    tenant = connector.tunnel.tenant
    environment = {"TUNNEL_TOKEN_FILE": TOKEN_FILE, "TUNNEL_METRICS": METRICS, "NO_AUTOUPDATE": "true"}
    if settings.CONNECTOR_EDGE:
        host, _, port = settings.CONNECTOR_EDGE.rpartition(":")
        if host == "gateway":
            host = networks.gateway(networks.reserve(None, NetworkKind.CONNECTORS))
        environment["TUNNEL_EDGE"] = f"{host}:{port}"
    return ContainerSpec(
        name=connector.engine_name,
        image=settings.CONNECTOR_IMAGE,
        labels={
            LABEL: settings.INSTALLATION,
            "warren.tenant": tenant.slug,
            "warren.connector": str(connector.serial),
            "warren.tunnel": connector.for_tunnel_id,
        },
        network=networks.reserve(None, NetworkKind.CONNECTORS).engine_name,
        extra_networks=(networks.reserve(tenant, NetworkKind.TENANT).engine_name,),
        command=("tunnel", "--no-autoupdate", "run"),
        environment=environment,
        memory=128 * MIB,
        cpu=1000,
        pids=2048,
    )


def _connected(connector: Connector, client: Cloudflare) -> list[ConnectorInfo]:
    with translated("Connector"):
        return [row for row in client.tunnels.connectors(connector.for_tunnel_id) if row.connections]


def _ready(connector: Connector, version: int) -> loop.Result:
    now = timezone.now()
    mine = Tunnel.objects.filter(pk=connector.tunnel_id, tunnel_id=connector.for_tunnel_id)
    mine.update(connected_at=now)
    report_connected(connector.tunnel, True, "Connected")
    return loop.Result(seen={"ready_at": connector.ready_at or now}, rings=_rewritten(mine, version))


def _rewritten(tunnel: ScheduledQuerySet[Tunnel], version: int) -> tuple[tuple[str, Any], ...]:
    """Have the ingress written anew that was written since we did: by somebody else, or after the backup of our rows.

    Cloudflare counts how often it was written, and each connector tells how far: so nothing more is asked for this.
    """
    # Without a digest a pass is writing it just now, and has yet to note how far that counts.
    behind = tunnel.filter(config_version__gt=0, config_version__lt=version)
    if not behind.exclude(config_digest="").ring(config_digest=""):
        return ()
    log.warning("the ingress of %s was written by somebody else, and is written anew", tunnel.get())
    return tuple((names.TUNNEL, pk) for pk in tunnel.values_list("pk", flat=True))


def _remove(connector: Connector, lease: Lease) -> loop.Result:
    """Verified gone at the engine, the row goes; the tunnel waits for that before it goes itself."""
    if connector.tunnel.connectors.filter(wanted=True).exists():  # that serves: what this one is at may end
        engine.current().stop(connector.engine_name, settings.CONTAINER_STOP_SECONDS)
        lease.hold()
    engine.current().remove(connector.engine_name)
    lease.hold()
    rotation.cut(connector, client_for(connector.tunnel.account))
    left = Network.objects.filter(tenant=connector.tunnel.tenant)  # may go now, if the tenant has nothing else on them
    with transaction.atomic():
        Connector.objects.filter(pk=connector.pk).delete()
        Tunnel.objects.filter(pk=connector.tunnel_id).ring()
        left.ring()
    return loop.Result(rings=((names.TUNNEL, connector.tunnel_id), *((networks.RECONCILE, row.pk) for row in left)))


def _failed(connector: Connector, failure: Failed) -> None:
    """Cloudflare's no to our question says nothing of a connection that was seen: the survey sees whether it ends."""
    seen = connector.tunnel.connected_at and connector.for_tunnel_id == connector.tunnel.tunnel_id
    if connector.wanted and not seen and not isinstance(failure, Retryable):
        report_connected(connector.tunnel, False, failure.code, str(failure))


loop.register(loop.Controller(names.CONNECTOR, Connector, load, reconcile, _failed))
