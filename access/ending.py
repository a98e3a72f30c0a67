"""The end of grants: with one end those that the guest gave by it, and nothing is left to whoever it let in.

Whoever calls this holds the container's lock, and tells `changed` afterwards.
"""

import datetime
from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from access import changed, letters, levels
from access.models import Ended, Grant
from containers.models import Container
from tenants import audit
from tenants.events import Action
from tenants.models import User

_ACTIONS = {
    Ended.EXPIRED: Action.GRANT_EXPIRE,
    Ended.REVOKED: Action.GRANT_REVOKE,
    Ended.LEFT: Action.GRANT_LEAVE,
    Ended.CONTAINER: Action.GRANT_REVOKE,
    Ended.JOINED: Action.GRANT_LEAVE,
}


def end(grants: Iterable[Grant], how: Ended, actor: User | None) -> None:
    """End open grants of one container, and what was given by them, however far on."""
    ended: dict[Any, Grant] = {}
    layer = list(grants)
    while layer:
        for grant in layer:
            _mark(grant, how, actor)
            ended[grant.pk] = grant
        if how != Ended.EXPIRED:
            how = Ended.REVOKED  # of those that follow
        given = Grant.objects.open().filter(via__in=[grant.pk for grant in layer])
        layer = [grant for grant in given.select_related("container__tenant") if grant.pk not in ended]
    if not ended:
        return
    rows = list(ended.values())
    Grant.objects.bulk_update(rows, ["ended_at", "ended_how", "ended_by", "generation"], batch_size=500)
    tenant = rows[0].container.tenant
    for action in dict.fromkeys(_ACTIONS[Ended(grant.ended_how)] for grant in rows):
        mine = [grant for grant in rows if _ACTIONS[Ended(grant.ended_how)] == action]
        facts = ((grant, {"email": grant.email, "how": grant.ended_how}) for grant in mine)
        audit.record_many(action, facts, actor=actor, tenant=tenant)
    letters.ended(rows)


def given_by(grant: Grant) -> list[Grant]:
    """The open grants that end with this one: what the guest gave by it, what was given by that, and so on."""
    found: list[Grant] = []
    layer = [grant]
    while layer:
        layer = list(Grant.objects.open().filter(via__in=[each.pk for each in layer]).order_by("email"))
        found += layer
    return found


def _mark(grant: Grant, how: Ended, actor: User | None) -> None:
    now = timezone.now()
    grant.ended_at = min(grant.expires_at or now, now) if how == Ended.EXPIRED else now
    grant.ended_how, grant.ended_by = how, actor.email if actor else ""
    grant.generation += 1


def follow(grant: Grant, actor: User | None) -> None:
    """Those that were given by it: nobody holds more, or for longer, than who let them in.

    As no grant ever outlasts the one that it was given by, none that stays within the new end has one that does not.
    """
    given = Grant.objects.open().select_related("container__tenant")
    if not levels.within("manage", grant.permission):
        end(given.filter(via=grant), Ended.REVOKED, actor)
        return
    until, layer = grant.expires_at, [grant.pk]
    if until is None:
        return
    longer = given.filter(Q(expires_at=None) | Q(expires_at__gt=until))
    while rows := list(longer.filter(via__in=layer)):
        _shorten(rows, until, actor)
        layer = [row.pk for row in rows]


def _shorten(grants: list[Grant], until: datetime.datetime, actor: User | None) -> None:
    now = timezone.now()
    for row in grants:
        row.expires_at, row.end_set_at, row.changed_at, row.warned_at = until, now, now, None
        row.generation += 1
    fields = ["expires_at", "end_set_at", "changed_at", "warned_at", "generation"]
    Grant.objects.bulk_update(grants, fields, batch_size=500)
    facts = ((row, {"email": row.email, "changed": ["expires_at"], "until": until.isoformat()}) for row in grants)
    audit.record_many(Action.GRANT_CHANGE, facts, actor=actor, tenant=grants[0].container.tenant)
    letters.changed(grants)


def due() -> list[Any]:
    """Keys of the containers with grants whose end has come and was not noted yet, the longest waiting first."""
    over = Grant.objects.open().filter(expires_at__lte=timezone.now()).order_by("expires_at")
    return list(dict.fromkeys(over.values_list("container", flat=True)[:2000]))[:500]


def expire(container_pk: Any) -> None:
    """Note the end of every grant of the container that is over."""
    with transaction.atomic():
        Container.objects.select_for_update(of=("self",)).get(pk=container_pk)
        overdue(container_pk)
        changed.tell(container_pk)


def overdue(container_pk: Any, **which: Any) -> None:
    """The same under the container's lock, which is held already."""
    over = Grant.objects.open().filter(container=container_pk, expires_at__lte=timezone.now(), **which)
    end(over.select_related("container__tenant").order_by("expires_at"), Ended.EXPIRED, None)


def with_container(container: Container) -> None:
    """A container that is to go lets in nobody any more. Inside the transaction that decides so."""
    end(Grant.objects.open().filter(container=container).select_related("container__tenant"), Ended.CONTAINER, None)


def with_person(email: str) -> None:
    """Nobody is let in by an address whose account was closed or blocked, nor whoever they let in themselves.

    Inside the transaction that decides so.
    """
    _of_person(email, Ended.REVOKED)


def with_joining(email: str, tenant_pk: Any) -> None:
    """Who becomes a member needs no grants of that tenant any more, and keeps none for the time after.

    What they gave by them stays, as what a member gave: nobody is put out because somebody was taken in.
    """
    _of_person(email, Ended.JOINED, container__tenant=tenant_pk)


def _of_person(email: str, how: Ended, **where: Any) -> None:
    theirs = Grant.objects.open().filter(email=email, **where).select_related("container__tenant")
    keys = sorted(set(theirs.values_list("container", flat=True)))
    for container in Container.objects.select_for_update(of=("self",)).filter(pk__in=keys).order_by("pk"):
        mine = theirs.filter(container=container)
        if how == Ended.JOINED:
            Grant.objects.open().filter(via__in=mine).update(via=None)
        end(mine, how, None)
        changed.tell(container.pk)
