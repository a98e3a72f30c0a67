"""What Cloudflare holds of ours, listed and compared with the rows: finds what somebody changed behind our back.

One call per thousand applications of an account and per thousand records of a zone, and no query per row: only what is
listed otherwise than it was last found right is looked at closely. What differs is written anew by its reconciler.
"""

import logging
from collections.abc import Iterator
from typing import Any

from access import entry
from cloudflare.client import App, AppSpec, Record, errors
from cloudflare.clients import client_for
from cloudflare.models import Account, Publication, Zone
from cloudflare.reconcile import documents, names

log = logging.getLogger(__name__)

Rings = list[tuple[str, Any]]


def survey() -> Rings:
    """Make due what is not as it was written; returns whom to ring. An account that is away is left for next time."""
    rings: Rings = []
    living = Publication.objects.filter(gone_at=None)
    for account in Account.objects.filter(zones__in=living.values("zone")).distinct():
        try:
            rings += _applications(account)
            for zone in account.zones.filter(pk__in=living.values("zone")):
                rings += _records(zone)
        except errors.CloudflareError as exc:
            log.warning("what account %s holds was not surveyed: %s", account, exc)
    return rings


def _applications(account: Account) -> Rings:
    # The rows first: what is made while Cloudflare lists it is none of them, and not missed.
    known = Publication.objects.filter(zone__account=account, gone_at=None).exclude(policy_digest="")
    rows = list(known.select_related("container"))
    listed = {app.id: app for app in client_for(account).apps.all()}
    found: Rings = []
    for row in rows:
        # The row as it was read: one that was written since is its reconciler's business.
        same = Publication.objects.filter(pk=row.pk, policy_digest=row.policy_digest)
        if (app := listed.get(row.app_id)) is not None:
            digest = documents.digest(AppSpec.of(app))
            if digest == row.listed_digest:
                continue
            if not _differences(row, app):
                same.update(listed_digest=digest)
                continue
        log.warning("the Access application of %s is not as it was written; it is written anew", row.hostname)
        # Nobody knows whom it has let in: `admitted` says so, and all sessions are ended.
        if same.ring(policy_digest="", listed_digest="", admitted=None):
            found.append((names.PUBLICATION, row.pk))
    return found


def _differences(row: Publication, app: App) -> list[str]:
    return documents.application(row.hostname, entry.policy(row.container)).differences(app)


def _records(zone: Zone) -> Rings:
    rows = list(Publication.objects.filter(zone=zone, gone_at=None).exclude(record_target="").select_related("zone"))
    listed = {record.id: record for record in client_for(zone.account).zone(zone.zone_id).records.all(documents.mark())}
    return [(names.PUBLICATION, pk) for pk in _astray(rows, listed)]


def _astray(rows: list[Publication], listed: dict[str, Record]) -> Iterator[int]:
    for row in rows:
        wanted, record = documents.record(row, row.record_target), listed.get(row.record_id)
        if record and (record.name, record.content, record.proxied) == (wanted.name, wanted.content, wanted.proxied):
            continue
        log.warning("the DNS record of %s is not as it was written; it is written anew", row.hostname)
        if Publication.objects.filter(pk=row.pk, record_id=row.record_id).ring(record_target=""):
            yield row.pk
