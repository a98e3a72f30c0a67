"""What people decide about grants: each decision is checked, saved and put on record in one transaction.

All of them hold the container's lock, as does whatever else changes who may come in; the edge follows by itself.
"""

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone

from access import addresses, capacity, changed, ending, entry, granting, holding, letters, terms
from access.holding import Holding
from access.levels import Permission
from access.models import Ended, Grant
from access.terms import UNSET, End, Unset
from containers.going import require_staying
from containers.models import Container
from tenants import audit
from tenants.events import Action
from tenants.models import Tenant, User
from tenants.precondition import ANY, IfMatch
from tenants.refusal import Refused
from tenants.standing import require_running
from tenants.words import gettext as _


def share(
    container: Container,
    *,
    actor: User,
    emails: Sequence[str],
    permission: str | Unset = UNSET,
    expires_at: End | Unset = UNSET,
    note: str = "",
) -> list[Grant]:
    """Let these addresses in, all or none of them; without a word about it to `view`, for a week at most.

    Who has a grant already gets it changed to what is said, and keeps what is not. Raises `Refused`: `not_shared`,
    what `granting`, `terms.end` and `addresses.folded` raise, and where the edge has no room for them.
    """
    facts: dict[str, Any] = {"actor": actor, "target": container, "tenant": container.tenant}
    asked: dict[str, Any] = {"permission": Permission.VIEW if isinstance(permission, Unset) else permission}
    with audit.refusals(Action.GRANT_CREATE, addresses=len(emails), **asked, **facts), transaction.atomic():
        Tenant.objects.locked(container.tenant_id)  # its guests are counted
        row, mine = _locked(container, actor)
        granting.require_level(asked["permission"], mine)
        folded, note = addresses.folded(emails), addresses.note(note)
        granting.refuse_members(row, folded)
        ending.overdue(row.pk, email__in=folded)
        before = {grant.email: grant for grant in Grant.objects.open().filter(container=row.pk, email__in=folded)}
        for grant in before.values():
            granting.require_own(grant, mine)
        fresh = [email for email in folded if email not in before]
        granting.require_room(row, fresh, mine)
        admitted = set(entry.policy(row).emails)
        if new := set(folded) - admitted:
            capacity.require(row, admitted | new, new)
        given = [_give(row, email, before.get(email), actor, mine, permission, expires_at, note) for email in folded]
        changed.tell(row.pk)
    return given


def _give(
    container: Container,
    email: str,
    before: Grant | None,
    actor: User,
    mine: Holding,
    permission: str | Unset,
    expires_at: End | Unset,
    note: str,
) -> Grant:
    until = terms.end(expires_at, container.tenant.plan, mine.grant, before)
    if isinstance(permission, Unset):
        permission = before.permission if before else Permission.VIEW.value
    if before is not None:
        before.container = container
        return _update(before, actor, mine, permission=permission, expires_at=until, note=note or before.note)
    grant = Grant.objects.create(
        container=container,
        email=email,
        permission=permission,
        note=note,
        expires_at=until,
        granted_by=actor,
        granter=actor.email,
        via=mine.grant,
    )
    facts: dict[str, Any] = {"email": email, "permission": permission, "until": until and until.isoformat()}
    audit.record(Action.GRANT_CREATE, actor=actor, target=grant, tenant=container.tenant, **facts)
    return grant


def change(
    grant: Grant,
    *,
    actor: User,
    permission: str | Unset = UNSET,
    expires_at: End | Unset = UNSET,
    note: str | Unset = UNSET,
    if_match: IfMatch = ANY,
) -> Grant:
    """Change what is given of an open grant. Raises `Refused` as `share` does, and `grant_ended`."""
    tenant = grant.container.tenant
    with audit.refusals(Action.GRANT_CHANGE, actor=actor, target=grant, tenant=tenant), transaction.atomic():
        row, mine = _locked(grant.container, actor)
        fresh = granting.open_one(grant)
        granting.require_own(fresh, mine)
        granting.refuse_members(row, [fresh.email])
        if_match.check(fresh)
        wanted: dict[str, Any] = {"permission": fresh.permission, "expires_at": fresh.expires_at, "note": fresh.note}
        if not isinstance(permission, Unset) and permission != fresh.permission:
            granting.require_level(permission, mine)
            wanted["permission"] = permission
        if not isinstance(expires_at, Unset):
            wanted["expires_at"] = terms.end(expires_at, row.tenant.plan, mine.grant, fresh)
        if not isinstance(note, Unset):
            wanted["note"] = addresses.note(note)
        _update(fresh, actor, mine, **wanted)
        changed.tell(row.pk)
    return fresh


def _update(grant: Grant, actor: User, mine: Holding, **wanted: Any) -> Grant:
    """Save what differs; those that the guest gave by it follow, and the guest is told.

    What a member decides about is the tenant's from then on: it ends with no guest's own access.
    """
    if mine.member and grant.via_id:
        wanted |= {"via": None, "granted_by": actor, "granter": actor.email}
    differing = [name for name, value in wanted.items() if getattr(grant, name) != value]
    if not differing:
        return grant
    for name in differing:
        setattr(grant, name, wanted[name])
    grant.changed_at, grant.generation = timezone.now(), grant.generation + 1
    saved = [*differing, "generation", "changed_at"]
    if "expires_at" in differing:
        grant.warned_at, grant.end_set_at = None, grant.changed_at
        saved += ["warned_at", "end_set_at"]  # else left alone: whoever warns does not wait for the container
    grant.save(update_fields=saved)
    facts: dict[str, Any] = {"permission": grant.permission, "until": grant.expires_at and grant.expires_at.isoformat()}
    audit.record(
        Action.GRANT_CHANGE,
        actor=actor,
        target=grant,
        tenant=grant.container.tenant,
        email=grant.email,
        changed=differing,
        **facts,
    )
    ending.follow(grant, actor)
    if {"permission", "expires_at"} & set(differing):
        letters.changed([grant])
    return grant


def revoke(grant: Grant, *, actor: User, if_match: IfMatch = ANY) -> Grant:
    """End it now, with those that the guest gave by it; asking twice is fine. Raises `Refused`: `not_shared`."""
    return _end(grant, actor, Action.GRANT_REVOKE, Ended.REVOKED, if_match)


def leave(grant: Grant, *, actor: User) -> Grant:
    """The guest gives it back. Raises `Refused`: `not_shared` for anybody else."""
    return _end(grant, actor, Action.GRANT_LEAVE, Ended.LEFT)


def _end(grant: Grant, actor: User, action: Action, how: Ended, if_match: IfMatch = ANY) -> Grant:
    tenant = grant.container.tenant
    with audit.refusals(action, actor=actor, target=grant, tenant=tenant), transaction.atomic():
        container = lock(grant.container)
        fresh = Grant.objects.select_related("container__tenant").get(pk=grant.pk)
        if how == Ended.LEFT:
            if fresh.email != actor.email:
                raise Refused("not_shared", _("Only the guest can give an access back; revoke it instead."), status=403)
        else:
            mine = managing(container, actor)
            granting.require_own(fresh, mine)
        if_match.check(fresh)
        if fresh.ended_at is None:
            ending.end([fresh], how, actor)
            changed.tell(container.pk)
    return fresh


def lock(container: Container) -> Container:
    """The container as it is now; whoever changes who may come in waits here for everybody else who does."""
    rows = Container.objects.select_for_update(of=("self",)).select_related("tenant__plan")
    return rows.get(pk=container.pk)


def _locked(container: Container, actor: User) -> tuple[Container, Holding]:
    """The container under its lock, for somebody who may let people in, while it stands."""
    row = lock(container)
    mine = managing(row, actor)
    require_staying(row)
    require_running(row.tenant)
    return row, mine


def managing(container: Container, actor: User) -> Holding:
    """What somebody holds who may share the container. Raises `Refused`: `not_shared`."""
    mine = holding.of(actor, container)
    if "manage" not in mine.permissions:
        raise Refused("not_shared", _("You may not share this container; ask one of its owners."), status=403)
    return mine
