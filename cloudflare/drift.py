"""What Cloudflare holds of ours, listed and compared with the rows: finds what somebody changed behind our back.

One call per thousand applications of an account and per thousand records of a zone, and no query per row: only what is
listed otherwise than it was last found right is looked at closely. What differs is written anew by its reconciler.
"""

import logging
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from django.db import transaction

from access.rules import Policy
from cloudflare.client import AppSpec, Record, errors
from cloudflare.clients import client_for
from cloudflare.differences import differences, readable, record_differences
from cloudflare.models import Account, Publication, Zone
from cloudflare.reconcile import documents, names
from containers.models.schedule import ScheduledQuerySet
from tenants import audit
from tenants.events import Action

log = logging.getLogger(__name__)

Rings = list[tuple[str, Any]]
Where = TypeVar("Where", Account, Zone)


def survey() -> Rings:
    """Make due what is not as it was written; returns whom to ring. What is not listed is left for next time.

    An account, or a zone, that does not answer hides nothing of the others: a token may be good for a part alone.
    """
    living = Publication.objects.filter(gone_at=None)
    zones = Zone.objects.filter(pk__in=living.values("zone")).select_related("account")
    accounts = {zone.account_id: zone.account for zone in zones}
    rings = [ring for account in accounts.values() for ring in _listed(_applications, account)]
    return rings + [ring for zone in zones for ring in _listed(_records, zone)]


def _listed(compare: Callable[[Where], Rings], where: Where) -> Rings:
    try:
        return compare(where)
    except errors.CloudflareError as exc:
        log.warning("what %s %s holds was not surveyed: %s", where._meta.verbose_name, where, exc)
        return []


def _applications(account: Account) -> Rings:
    # The rows first: what is made while Cloudflare lists it is none of them, and not missed.
    known = Publication.objects.filter(zone__account=account, gone_at=None, unanswered=False)
    rows = list(known.exclude(policy_digest="").exclude(admitted=None).select_related("container__tenant"))
    listed = {app.id: app for app in client_for(account).apps.all()}
    found: Rings = []
    for row in rows:
        app = listed.get(row.app_id)
        digest = documents.digest(AppSpec.of(app)) if app and readable(app) else ""
        if digest and digest == row.listed_digest:
            continue
        written = documents.application(row.hostname, Policy(tuple(row.admitted or ())), row.required)
        if documents.digest(written) != row.policy_digest:
            continue  # it is to be otherwise by now: its reconciler's business
        if not (findings := differences(written, app)):
            _as_read(row).update(listed_digest=digest)
        # Nobody knows whom it has let in: `admitted` says so, and all sessions are ended.
        elif _noted(row, Action.ACCESS_DRIFT, findings, policy_digest="", listed_digest="", admitted=None):
            found.append((names.PUBLICATION, row.pk))
    return found


def _records(zone: Zone) -> Rings:
    known = Publication.objects.filter(zone=zone, gone_at=None).exclude(record_target="")
    rows = list(known.select_related("zone", "container__tenant"))
    listed = {record.id: record for record in client_for(zone.account).zone(zone.zone_id).records.all(documents.mark())}
    return [(names.PUBLICATION, pk) for pk in _astray(rows, listed)]


def _astray(rows: list[Publication], listed: dict[str, Record]) -> Iterator[int]:
    for row in rows:
        findings = record_differences(documents.record(row, row.record_target), listed.get(row.record_id))
        if findings and _noted(row, Action.DNS_DRIFT, findings, record_target=""):
            yield row.pk


def _as_read(row: Publication) -> ScheduledQuerySet[Publication]:
    """The row, if nobody asked anything of it since it was read, nor writes at the moment; else it is not ours."""
    seen = {"policy_digest": row.policy_digest, "record_id": row.record_id, "rings": row.rings}
    return Publication.objects.filter(pk=row.pk, unanswered=False, **seen)


def _noted(row: Publication, action: Action, findings: list[str], **fields: Any) -> bool:
    """Have it written anew, and put on record what differed; once, whoever else finds it."""
    with transaction.atomic():
        if not _as_read(row).ring(**fields):
            return False
        log.warning("%s is not as it was written at Cloudflare, and written anew: %s", row, "; ".join(findings))
        facts: dict[str, Any] = {"hostname": row.hostname, "differences": findings}
        audit.record(action, actor=None, target=row.container, tenant=row.container.tenant, **facts)
    return True
