"""Brings a tenant's tunnel in line with its publications: exists, holds the whole ingress, has a connector."""

import datetime
from dataclasses import replace
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from cloudflare.client import Cloudflare, Ingress, Priority, errors
from cloudflare.clients import client_for
from cloudflare.models import Publication, Route, Tunnel
from cloudflare.reconcile import documents, names, rotation
from cloudflare.reconcile.faults import translated
from containers import conditions, loop, observed, steps
from containers.errors import Failed, Retryable
from containers.lease import Lease
from containers.models import Desired

Rings = tuple[tuple[str, Any], ...]


def load(pk: Any) -> Tunnel:
    return Tunnel.objects.select_related("account", "tenant").get(pk=pk)


def reconcile(tunnel: Tunnel, lease: Lease) -> loop.Result:
    client = client_for(tunnel.account)
    living = _living(tunnel)
    if not living:
        return _empty(tunnel, lease, client.with_priority(Priority.URGENT))
    if tunnel.empty_since:
        lease.write(empty_since=None)
    if not tunnel.tunnel_id:
        _create(tunnel, lease, client)
        # The ingress can wait for the next pass: to start the connector takes longer than anything else.
        return loop.Result(after=0, rings=(*_connect(tunnel), (names.TUNNEL, tunnel.pk)))
    connected = tunnel.connectors.filter(wanted=True, for_tunnel_id=tunnel.tunnel_id).exists()
    result = _route(tunnel, lease, client, living, () if connected else _connect(tunnel))
    if result.seen or result.rings:  # whoever waits for the tunnel never waits for another secret as well
        return result
    return replace(result, rings=rotation.carry_out(tunnel, lease, client))


def _create(tunnel: Tunnel, lease: Lease, client: Cloudflare) -> None:
    """The secret is ours and is written down first, so that the token of whatever was made is known."""
    if not tunnel.secret:
        tunnel.secret = Tunnel.new_secret()
        lease.write(secret=tunnel.secret, secret_at=timezone.now())
    lease.hold()
    with translated("Tunnel"):
        made = None if tunnel.first_attempt else client.tunnels.find(tunnel.name)
        adopted = made is not None
        if made is None:
            try:
                made = client.tunnels.create(tunnel.name, tunnel.secret)
            except errors.Conflict:
                made, adopted = client.tunnels.find(tunnel.name), True
                if made is None:
                    raise
        if adopted:  # its secret may be an older one's
            client.tunnels.rotate(made.id, tunnel.name, tunnel.secret)
    tunnel.tunnel_id = made.id
    lease.write(tunnel_id=made.id, config_digest="", config_version=0, connected_at=None, next_secret="", outdated=[])


def _connect(tunnel: Tunnel) -> Rings:
    """Want one connector with this tunnel's token, and those of an earlier tunnel gone."""
    with transaction.atomic():
        stale = tunnel.connectors.exclude(for_tunnel_id=tunnel.tunnel_id)
        stale.filter(wanted=True).update(wanted=False)
        stale.ring()
        last = tunnel.connectors.order_by("-serial").values_list("serial", flat=True).first() or 0
        connector, _ = tunnel.connectors.get_or_create(
            for_tunnel_id=tunnel.tunnel_id, wanted=True, defaults={"serial": last + 1}
        )
    return ((names.CONNECTOR, connector.pk), *((names.CONNECTOR, row.pk) for row in stale))


def _route(tunnel: Tunnel, lease: Lease, client: Cloudflare, living: list[Publication], rings: Rings) -> loop.Result:
    """Replace the ingress, if it differs, by one rule for every protected hostname that is wanted.

    A publication that asks to leave hears that it is out only after Cloudflare took the document without it.
    """
    inside = [row for row in living if _belongs(row)]
    document, seen = documents.ingress(inside), {}
    digest = documents.digest(document)
    if tunnel.config_digest != digest:
        lease.write(config_digest="")  # from here on nobody knows what Cloudflare holds, until the answer is in
        lease.hold()
        with translated("Tunnel ingress"):
            try:
                version = client.tunnels.replace_ingress(tunnel.tunnel_id, document)
            except errors.NotFound as exc:
                lease.write(tunnel_id="", connected_at=None)
                raise Retryable("tunnel_missing", "The tunnel vanished at Cloudflare.", retry_after=0) from exc
        seen = {"config_digest": digest, "config_version": version}
    fresh = [row.pk for row in inside if row.route != Route.IN or row.routed_in != tunnel.tunnel_id]
    out = [row.pk for row in living if row.route == Route.LEAVING]
    # Not protected just now: whoever protects it again has to ask for its rule again.
    dropped = [row.pk for row in living if row.route == Route.IN and row not in inside]

    def record() -> None:
        # What changed its mind since it was read keeps it; its ring brings the tunnel back here.
        if fresh:
            asked = Publication.objects.filter(pk__in=fresh).exclude(route=Route.LEAVING)
            asked.ring(route=Route.IN, routed_in=tunnel.tunnel_id)
        if dropped:
            Publication.objects.filter(pk__in=dropped, route=Route.IN).ring(route=Route.NONE, routed_in="")
        if out:
            Publication.objects.filter(pk__in=out, route=Route.LEAVING).ring(route=Route.OUT, routed_in="")

    told = tuple((names.PUBLICATION, pk) for pk in (*fresh, *dropped, *out))
    return loop.Result(seen=seen, record=record, rings=(*rings, *told))


def document(tunnel: Tunnel) -> list[Ingress]:
    """The ingress as it is to be now."""
    return documents.ingress(row for row in _living(tunnel) if _belongs(row))


def _living(tunnel: Tunnel) -> list[Publication]:
    """Its publications with as much of them as an ingress depends on: each pass reads them all."""
    mine = ("hostname", "leaves_at", "app_id", "policy_digest", "route", "routed_in", "tunnel")
    rows = Publication.objects.filter(tunnel=tunnel, gone_at=None).select_related("container")
    return list(rows.only(*mine, "container__engine_name", "container__port", "container__desired"))


def _belongs(publication: Publication) -> bool:
    return (
        bool(publication.app_id and publication.policy_digest)
        and (publication.route == Route.IN or (publication.route == Route.NONE and not publication.leaves_at))
        and publication.container.desired != Desired.ABSENT
    )


def _empty(tunnel: Tunnel, lease: Lease, client: Cloudflare) -> loop.Result:
    """Without publications: wait a little for the next one, then take connectors and tunnel away."""
    now = timezone.now()
    if not tunnel.empty_since:
        lease.write(empty_since=now)
    until = (tunnel.empty_since or now) + datetime.timedelta(seconds=settings.LINGER_SECONDS)
    if now < until:
        return loop.Result(after=(until - now).total_seconds())
    connectors = list(tunnel.connectors.all())
    if connectors:
        with transaction.atomic():
            tunnel.connectors.update(wanted=False)
            tunnel.connectors.ring()
        return loop.Result(after=20, rings=tuple((names.CONNECTOR, row.pk) for row in connectors))
    with translated("Tunnel"):
        for _ in range(5):
            lease.hold()
            found = client.tunnels.find(tunnel.name)
            if found is None:
                break
            client.tunnels.drop_connections(found.id)
            client.tunnels.delete(found.id)
        else:
            raise Retryable("tunnel_remains", f"The tunnel {tunnel.name} keeps coming back.")
    return loop.Result(
        rest=True,
        seen={
            "tunnel_id": "",
            "secret": "",
            "secret_at": None,
            "next_secret": "",
            "outdated": [],
            "config_digest": "",
            "config_version": 0,
            "connected_at": None,
        },
    )


def _failed(tunnel: Tunnel, failure: Failed) -> None:
    """Tell those who wait for the tunnel; the others are served by it as before."""
    waiting = Publication.objects.filter(tunnel=tunnel, gone_at=None).exclude(route=Route.IN)
    waiting = waiting.filter(hostname=F("container__hostname")).exclude(container__desired=Desired.ABSENT)
    for publication in waiting.select_related("container"):
        container = publication.container
        progress = steps.Progress(conditions.of(container, names.PUBLISHED))
        progress.fail(str(failure), names.STEP_TUNNEL)
        progress.report(None, failure.code, str(failure), generation=container.generation)
        observed.tell(container.pk)


loop.register(loop.Controller(names.TUNNEL, Tunnel, load, reconcile, _failed))
