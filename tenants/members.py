"""Who belongs to a tenant, and as what: changed under the tenant's lock, so that an owner is always left.

Rows are deleted one by one: `cloudflare` hears of each, and takes the person out of every policy.
"""

from typing import Any

from django.db import transaction
from django.utils import timezone

from tenants import audit
from tenants.events import Action
from tenants.models import Invitation, Membership, Role, Tenant, User
from tenants.refusal import Refused
from tenants.viewer import Viewer
from tenants.words import gettext as _


def role(tenant: Tenant, user: Any) -> str | None:
    """As what the person belongs to the tenant; None: not at all."""
    if isinstance(user, Viewer):
        return Role.OWNER if user.owns(tenant) else None
    return Membership.objects.filter(tenant=tenant, user=user).values_list("role", flat=True).first()


def require_owner(tenant: Tenant, actor: User) -> None:
    """Raises `Refused`. Ask it under the tenant's lock, where a change hangs on it."""
    if role(tenant, actor) != Role.OWNER:
        raise Refused(
            "owner_only",
            _("Only an owner of %(tenant)s may do this; ask one of them.") % {"tenant": tenant},
            status=403,
        )


def stop_others(tenant: Tenant, actor: User, action: Action) -> None:
    """The same for an edge that turns members away before it looks at what they sent: it puts that on record."""
    with audit.refusals(action, actor=actor, tenant=tenant):
        require_owner(tenant, actor)


def lock(tenant: Tenant) -> Tenant:
    """Whoever changes members or invitations of the tenant waits here for everybody else who does."""
    return Tenant.objects.locked(tenant.pk)


def change_role(membership: Membership, to: str, *, actor: User) -> Membership:
    """Raises `Refused`: `owner_only`, `last_owner`."""
    tenant = membership.tenant
    facts: dict[str, Any] = {"actor": actor, "target": membership.user, "tenant": tenant}
    with audit.refusals(Action.MEMBER_ROLE, role=to, **facts), transaction.atomic():
        row = _mine(membership, actor)
        if row.role == to:
            return row
        if to != Role.OWNER:
            keep_an_owner(row)
            withdraw_sent(row, actor)
        row.role = to
        row.save()
        audit.record(Action.MEMBER_ROLE, role=to, **facts)
    return row


def remove(membership: Membership, *, actor: User) -> None:
    """Raises `Refused`: `owner_only`, `last_owner`."""
    facts: dict[str, Any] = {"actor": actor, "target": membership.user, "tenant": membership.tenant}
    with audit.refusals(Action.MEMBER_REMOVE, **facts), transaction.atomic():
        row = _mine(membership, actor)
        go(row, actor=actor)
        audit.record(Action.MEMBER_REMOVE, **facts)


def hand_over(membership: Membership, *, actor: User) -> None:
    """The other becomes an owner, the actor a member, at once. Raises `Refused`."""
    facts: dict[str, Any] = {"actor": actor, "target": membership.user, "tenant": membership.tenant}
    with audit.refusals(Action.OWNERSHIP_HAND_OVER, **facts), transaction.atomic():
        row = _mine(membership, actor)
        if row.user_id == actor.pk:
            raise Refused("hand_over_self", _("Choose another member to hand the ownership to."))
        if not row.user.is_active:
            raise Refused(
                "account_closed",
                _("The account of %(user)s is closed; choose somebody else.") % {"user": row.user},
                status=409,
            )
        own = Membership.objects.select_related("tenant").get(tenant=row.tenant_id, user=actor)
        withdraw_sent(own, actor)
        row.role, own.role = Role.OWNER, Role.MEMBER
        row.save()
        own.save()
        audit.record(Action.OWNERSHIP_HAND_OVER, **facts)


def leave(tenant: Tenant, *, actor: User) -> None:
    """Raises `Refused`: `last_owner`, or `no_tenant` for somebody who doesn't belong to it."""
    with audit.refusals(Action.MEMBER_LEAVE, actor=actor, tenant=tenant), transaction.atomic():
        lock(tenant)
        own = Membership.objects.select_related("tenant", "user").filter(tenant=tenant, user=actor).first()
        if own is None:
            raise Refused(
                "no_tenant",
                _("You are not a member of %(tenant)s; there is nothing to leave.") % {"tenant": tenant},
                status=404,
            )
        go(own, actor=actor)
        audit.record(Action.MEMBER_LEAVE, actor=actor, tenant=tenant)


def go(membership: Membership, *, actor: User) -> None:
    """The part that all ways out share; stand in a transaction, under the tenant's lock. Raises `Refused`."""
    keep_an_owner(membership)
    withdraw_sent(membership, actor)
    membership.delete()


def withdraw_sent(membership: Membership, actor: User) -> None:
    """Who is no owner any more lets nobody in any more: else they would come back by a link of their own."""
    tenant, person = membership.tenant, membership.user_id
    for row in Invitation.objects.filter(tenant=tenant, invited_by=person, accepted_at=None, withdrawn_at=None):
        row.withdrawn_at = timezone.now()
        row.save(update_fields=["withdrawn_at"])
        facts: dict[str, Any] = {"actor": actor, "target": row, "tenant": tenant}
        audit.record(Action.INVITATION_WITHDRAW, why="who sent it is no owner any more", **facts)


def keep_an_owner(going: Membership) -> None:
    """Raise `Refused` (`last_owner`) if nobody with an open account would own the tenant after this one."""
    owners = Membership.objects.filter(tenant=going.tenant_id, role=Role.OWNER, user__is_active=True)
    if going.role == Role.OWNER and not owners.exclude(pk=going.pk).exists():
        raise Refused(
            "last_owner",
            _("%(user)s is the last owner of %(tenant)s; hand the ownership over first.")
            % {"user": going.user, "tenant": going.tenant},
            status=409,
            tenant=going.tenant.slug,
        )


def _mine(membership: Membership, actor: User) -> Membership:
    """The row afresh and under the lock, for an owner."""
    tenant = lock(membership.tenant)
    require_owner(tenant, actor)
    row = Membership.objects.select_related("tenant", "user").filter(pk=membership.pk).first()
    if row is None:
        raise Refused(
            "not_a_member",
            _("%(user)s is not a member of %(tenant)s any more. Invite them if they should be.")
            % {"user": membership.user, "tenant": tenant},
            status=404,
        )
    return row
