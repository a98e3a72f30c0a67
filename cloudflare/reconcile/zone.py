"""Keeps the guard over a zone, and reads the zone's record quota."""

from contextlib import suppress
from typing import Any

from django.utils import timezone

from cloudflare.client import App, Cloudflare, errors
from cloudflare.clients import client_for
from cloudflare.models import Publication, Zone
from cloudflare.reconcile import documents, names
from cloudflare.reconcile.faults import translated
from containers import loop
from containers.errors import Retryable, Terminal
from containers.lease import Lease


def load(pk: Any) -> Zone:
    return Zone.objects.select_related("account").get(pk=pk)


def reconcile(zone: Zone, lease: Lease) -> loop.Result:
    client = client_for(zone.account)
    wanted = documents.guard(zone)
    with translated("Guard application"):
        seen = _guard(zone, client)
        if wanted.differences(seen):
            lease.hold()
            seen = client.apps.replace(seen.id, wanted)
    if differences := wanted.differences(seen):
        raise Retryable("guard_differs", f"Cloudflare holds another guard than was written: {differences[0]}.")
    with translated("Record quota"):
        used, quota = client.zone(zone.zone_id).records.usage()
    ours = Publication.objects.filter(zone=zone, gone_at=None).exclude(record_id="").count()
    return loop.Result(
        seen={
            "guard_app_id": seen.id,
            "guarded_at": zone.guarded_at or timezone.now(),
            "max_records": quota,
            "foreign_records": max(0, used - ours),
        }
    )


def _guard(zone: Zone, client: Cloudflare) -> App:
    """The application that stands over the zone; made if there is none, refused if it is somebody else's."""
    wanted = documents.guard(zone)
    if zone.guard_app_id:
        with suppress(errors.NotFound):
            return client.apps.get(zone.guard_app_id)
    found = client.apps.find(wanted.hostname)
    if found is None:
        return client.apps.create(wanted)
    if found.name != wanted.name:
        raise Terminal(
            "guard_taken",
            f"At Cloudflare another Access application stands over {wanted.hostname}; it must go for Warren's guard.",
        )
    return found


loop.register(loop.Controller(names.ZONE, Zone, load, reconcile))
