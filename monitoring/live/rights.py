"""What somebody may do with containers at this moment, and when that changes by itself."""

import datetime
from collections.abc import Iterable
from dataclasses import dataclass

from access import holding
from containers.models import Container
from tenants.models import User


@dataclass(frozen=True, slots=True)
class Rights:
    """`until`: the end of the grant; None for members, and for grants without end. `gone`: it was deleted."""

    permissions: frozenset[str]
    until: datetime.datetime | None = None
    gone: bool = False


NONE = Rights(frozenset())


def of(user: User, keys: Iterable[str]) -> dict[str, Rights]:
    """By the containers' keys, which are UUIDs; `NONE` for those that the person does not see. Three statements."""
    wanted = list(keys)
    seen = list(Container.objects.visible_to(user).filter(pk__in=wanted).only("pk", "tenant_id", "deleted_at"))
    held = holding.among(user, seen)
    found = dict.fromkeys(wanted, NONE)
    for container in seen:
        if container.deleted_at:
            found[str(container.pk)] = Rights(frozenset(), gone=True)
            continue
        mine = held[container.pk]
        until = mine.grant.expires_at if mine.grant else None
        found[str(container.pk)] = Rights(mine.permissions, until)
    return found
