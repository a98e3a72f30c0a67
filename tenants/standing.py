"""What is decided about a tenant as a whole: its plan, whether its containers may run, and its end.

Each decision is one transaction under the tenant's lock, and put on record. Whatever follows from it for others is
done in that transaction as well, by whoever hears `changed`: nobody is ever half suspended.
"""

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.dispatch import Signal
from django.utils import timezone

from tenants import audit, doorbell, members
from tenants.events import Action
from tenants.models import Plan, Tenant, User
from tenants.refusal import Refused
from tenants.words import gettext as _

# Sent inside the transaction with `tenant` as it is now, and `actor`, who decided it (None: Warren itself).
changed = Signal()
FOLLOW = "tenants.follow_plan"


def suspend(tenant: Tenant, *, actor: User | None, reason: str) -> bool:
    """Stop everything of the tenant and let nobody in, keeping all of it. `reason` is shown to its people.

    Here as below, the answer is whether this decided anything: False where it was so already, or the tenant is gone.
    """
    return _decide(tenant, actor, Action.TENANT_SUSPEND, suspended_at=timezone.now(), suspended_reason=reason)


def resume(tenant: Tenant, *, actor: User | None) -> bool:
    """What ran before runs again."""
    return _decide(tenant, actor, Action.TENANT_RESUME, suspended_at=None, suspended_reason="")


def change_plan(tenant: Tenant, plan: Plan, *, actor: User | None) -> bool:
    """Running containers are brought within the plan; what cannot be, is shown as over it."""
    return _decide(tenant, actor, Action.TENANT_PLAN, plan=plan)


def close(tenant: Tenant, *, actor: User | None) -> bool:
    """Delete everything of the tenant, here and outside; there is no way back. Its slug is never given out again."""
    return _decide(tenant, actor, Action.TENANT_CLOSE, deleted_at=timezone.now())


def close_own(tenant: Tenant, slug: str, *, actor: User) -> bool:
    """The same by one of its owners, who types the slug so that it is not done by mistake.

    Raises `Refused`: `owner_only`, `slug_differs`.
    """
    with audit.refusals(Action.TENANT_CLOSE, actor=actor, target=tenant, tenant=tenant), transaction.atomic():
        row = Tenant.objects.locked(tenant.pk)
        members.require_owner(row, actor)
        if slug.strip() != row.slug:
            raise Refused(
                "slug_differs",
                _("The short name is %(slug)s; give that to delete %(row)s.") % {"slug": row.slug, "row": row},
                field="slug",
            )
        return close(row, actor=actor)


def require_running(tenant: Tenant) -> None:
    """Raises `Refused`: `tenant_closed`, `tenant_suspended`. Ask it under the tenant's lock."""
    if tenant.deleted_at:
        raise Refused(
            "tenant_closed",
            _("%(tenant)s is being deleted and can't be changed any more; choose another tenant.") % {"tenant": tenant},
            status=409,
        )
    if tenant.suspended:
        raise Refused(
            "tenant_suspended",
            _("%(tenant)s is suspended: %(suspended_reason)s Ask whoever runs Warren.")
            % {"tenant": tenant, "suspended_reason": tenant.suspended_reason},
            status=403,
            reason=tenant.suspended_reason,
        )


def plan_saved(plan: Plan) -> None:
    """Its numbers were changed: once that is committed, a worker has every tenant that is on it follow.

    A message that is lost costs minutes: a sweep finds whoever is not within their plan.
    """
    doorbell.ring(FOLLOW, plan.pk)


def plan_edited(plan: Any) -> None:
    """Have every tenant of the plan, or of the plan with that key, follow now; each in a transaction of its own."""
    follow(Tenant.objects.living().filter(plan=plan).order_by("pk").values_list("pk", flat=True))


def follow(tenants: Iterable[Any]) -> None:
    """Send `changed` for the tenants with these keys, as they stand."""
    for pk in tenants:
        with transaction.atomic():
            changed.send(Tenant, tenant=Tenant.objects.locked(pk), actor=None)


def _decide(tenant: Tenant, actor: User | None, action: Action, **fields: Any) -> bool:
    """Nothing changes, and nothing is put on record, where it is so already; nor when the tenant is gone."""
    with transaction.atomic():
        row = Tenant.objects.locked(tenant.pk)
        if row.deleted_at or _holds(row, action, fields):
            return False
        before = row.plan.code
        for name, value in fields.items():
            setattr(row, name, value)
        row.save(update_fields=list(fields))
        detail: dict[str, Any] = {"plan": row.plan.code, "before": before} if action is Action.TENANT_PLAN else {}
        if row.suspended_reason:
            detail["why"] = row.suspended_reason
        audit.record(action, actor=actor, target=row, tenant=row, **detail)
        changed.send(Tenant, tenant=row, actor=actor)
        if row.deleted_at:
            row.invitations.filter(accepted_at=None, withdrawn_at=None).update(withdrawn_at=timezone.now())
            for membership in row.memberships.all():  # one by one: others hear of each
                membership.delete()
    return True


def _holds(row: Tenant, action: Action, fields: dict[str, Any]) -> bool:
    match action:
        case Action.TENANT_SUSPEND:
            return row.suspended
        case Action.TENANT_RESUME:
            return not row.suspended
        case Action.TENANT_PLAN:
            return bool(row.plan == fields["plan"])
    return False
