"""Writes the audit log, and prunes it. Bottom layer, so that every app can."""

import datetime
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import models, transaction

from tenants.events import Action, Outcome
from tenants.models import AuditEvent, AuditPruning, Tenant, User
from tenants.origin import origin
from tenants.refusal import Refused
from tenants.viewer import Viewer

_PERSONAL = {"user", "token"}  # subjects of verbs that are about a person, whatever they work on


def record(
    action: Action,
    *,
    actor: User | None,
    target: models.Model | None = None,
    tenant: Tenant | None = None,
    outcome: Outcome = Outcome.DONE,
    reason: str = "",
    **detail: Any,
) -> AuditEvent:
    """Add one row. `actor` None means Warren itself; `detail` must be JSON and hold no secret.

    What is done while viewing as a tenant is the doing of whoever views, and marked as such.

    What people do about themselves is also of the tenant that they belong to, if it is just one: its owners see it.
    """
    if tenant is None and action.partition(":")[0] in _PERSONAL:
        tenant = _only_tenant(actor or target)
    event = _event(action, actor, target, tenant, outcome, reason, detail)
    event.save(force_insert=True)
    return event


def record_many(
    action: Action, facts: Iterable[tuple[models.Model, dict[str, Any]]], *, actor: User | None, tenant: Tenant
) -> None:
    """The same of many targets, each with its detail, in few statements."""
    rows = [_event(action, actor, target, tenant, Outcome.DONE, "", detail) for target, detail in facts]
    AuditEvent.objects.bulk_create(rows, batch_size=500)


def _event(
    action: Action,
    actor: User | Viewer | None,
    target: models.Model | None,
    tenant: Tenant | None,
    outcome: Outcome,
    reason: str,
    detail: dict[str, Any],
) -> AuditEvent:
    here = origin.get()
    if isinstance(actor, Viewer):
        detail = {"viewing_as": actor.tenant.slug, **detail}
        actor = actor.staff
    return AuditEvent(
        action=action,
        outcome=outcome,
        reason=reason,
        actor_id=str(actor.pk) if actor else "",
        actor=actor.email if actor else "",
        tenant_id=str(tenant.pk) if tenant else "",
        tenant=tenant.slug if tenant else "",
        target_type=target._meta.label_lower if target else "",
        target_id=str(target.pk) if target else "",
        target=str(target)[:255] if target else "",
        ip=here.ip,
        request_id=here.request_id,
        detail=detail,
    )


def _only_tenant(who: models.Model | None) -> Tenant | None:
    found = list(Tenant.objects.filter(members=who)[:2]) if isinstance(who, User) else []
    return found[0] if len(found) == 1 else None


@contextmanager
def refusals(
    action: Action,
    *,
    actor: User | None,
    target: models.Model | None = None,
    tenant: Tenant | None = None,
    **detail: Any,
) -> Iterator[None]:
    """Record a `Refused` that leaves the block, and let it leave.

    Stand *outside* the transaction that it rolls back, or the row goes with it.
    """
    try:
        yield
    except Refused as exc:
        record(
            action,
            actor=actor,
            target=target,
            tenant=tenant,
            outcome=Outcome.REFUSED,
            reason=exc.code,
            why=exc.english,
            **detail,
        )
        raise


def prune(before: datetime.datetime) -> int:
    """Delete the rows from before that time, and put that on record: the only way in which they ever go."""
    with transaction.atomic():
        permission = AuditPruning.objects.create()
        count, _ = AuditEvent.objects.filter(at__lt=before).delete()
        permission.delete()
        if count:
            record(Action.AUDIT_PRUNE, actor=None, rows=count, before=before.isoformat())
    return count
