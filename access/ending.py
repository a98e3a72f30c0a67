"""The end of a grant: with it end those that the guest gave by it, and nothing is left to whoever it let in."""

import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
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
}


def end(grant: Grant, how: Ended, actor: User | None, at: datetime.datetime | None = None) -> None:
    """End an open grant, as of now or of `at`. Hold the container's lock, and tell `changed` afterwards."""
    grant.ended_at, grant.ended_how, grant.ended_by = at or timezone.now(), how, actor.email if actor else ""
    grant.generation += 1
    grant.save(update_fields=["ended_at", "ended_how", "ended_by", "generation"])
    tenant = grant.container.tenant
    audit.record(_ACTIONS[how], actor=actor, target=grant, tenant=tenant, email=grant.email, how=how)
    letters.ended(grant)
    for given in grant.given.open().select_related("container__tenant"):
        end(given, Ended.EXPIRED if how == Ended.EXPIRED else Ended.REVOKED, actor, at)


def follow(grant: Grant, actor: User | None) -> None:
    """Those that were given by it: nobody holds more, or for longer, than who let them in. Hold the lock."""
    for given in grant.given.open().select_related("container__tenant"):
        if not levels.within("manage", grant.permission):
            end(given, Ended.REVOKED, actor)
            continue
        if grant.expires_at and (given.expires_at is None or given.expires_at > grant.expires_at):
            given.expires_at, given.generation = grant.expires_at, given.generation + 1
            given.save(update_fields=["expires_at", "generation"])
            follow(given, actor)


def due() -> list[Any]:
    """Keys of the containers with grants whose end has come and was not noted yet."""
    over = Grant.objects.open().filter(expires_at__lte=timezone.now())
    return list(over.order_by().values_list("container", flat=True).distinct()[:500])


def expire(container_pk: Any) -> None:
    """Note the end of every grant of the container that is over."""
    with transaction.atomic():
        Container.objects.select_for_update(of=("self",)).get(pk=container_pk)
        over = Grant.objects.open().filter(container=container_pk, expires_at__lte=timezone.now())
        _all(over.order_by("expires_at"), Ended.EXPIRED)
        changed.tell(container_pk)


def with_container(container: Container) -> None:
    """A container that is to go lets in nobody any more. Inside the transaction that decides so, and holds its lock."""
    _all(Grant.objects.open().filter(container=container), Ended.CONTAINER)


def with_person(email: str) -> None:
    """Nobody is let in by an address whose account was closed or blocked, nor whoever they let in themselves.

    Inside the transaction that decides so.
    """
    theirs = Grant.objects.open().filter(email=email)
    keys = sorted(set(theirs.values_list("container", flat=True)))
    for container in Container.objects.select_for_update(of=("self",)).filter(pk__in=keys).order_by("pk"):
        _all(theirs.filter(container=container), Ended.REVOKED)
        changed.tell(container.pk)


def _all(grants: QuerySet[Grant], how: Ended) -> None:
    for grant in list(grants.select_related("container__tenant")):
        grant.refresh_from_db(fields=["ended_at"])  # it may have ended with the one that it was given by
        if grant.ended_at is None:
            end(grant, how, None, grant.expires_at if how == Ended.EXPIRED else None)
