"""What people may do with containers at this moment, and when that changes by itself."""

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from access import holding
from containers.models import Container
from tenants.models import User
from tenants.viewer import Viewer

Asker = TypeVar("Asker", bound=User | Viewer)


@dataclass(frozen=True, slots=True)
class Rights:
    """`until`: the end of the grant; None for members, and for grants without end. `gone`: it was deleted."""

    permissions: frozenset[str]
    until: datetime.datetime | None = None
    gone: bool = False
    tenant: Any = None  # the key of the container's


NONE = Rights(frozenset())


def of(wanted: Mapping[Asker, Iterable[str]]) -> dict[Asker, dict[str, Rights]]:
    """By person and by the containers' keys, which are UUIDs; `NONE` for what somebody does not see.

    Three statements, however many there are of both. `access.holding` decides, as everywhere.
    """
    keys = {user: set(each) for user, each in wanted.items()}
    named = set[str]().union(*keys.values())
    rows = Container.objects.filter(pk__in=named).only("pk", "tenant_id", "deleted_at", "suspended")
    containers = {str(row.pk): row for row in rows}
    pairs = [(user, containers[key]) for user, each in keys.items() for key in each if key in containers]
    held = holding.among(pairs)
    return {
        user: {
            key: _rights(containers[key], held[user, containers[key].pk]) if key in containers else NONE for key in each
        }
        for user, each in keys.items()
    }


def _rights(container: Container, mine: holding.Holding) -> Rights:
    if not mine.permissions:
        return NONE
    if container.deleted_at:
        return Rights(frozenset(), gone=True)
    # What is suspended is being stopped; nobody is to go on working in it until it is.
    permissions = mine.permissions - {"shell"} if container.suspended else mine.permissions
    return Rights(permissions, mine.grant.expires_at if mine.grant else None, tenant=container.tenant_id)
