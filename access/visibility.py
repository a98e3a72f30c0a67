"""Answers for `containers.visibility`: members of a container's tenant do everything, guests what they were given.

Permissions, each with all before it: `view` (open, status), `operate` (logs, start, stop, restart), `shell`,
`manage` (share); for members alone `change` (settings, address, data, a new container) and `delete`.
"""

from typing import Any

from django.db.models import Q

from access import holding, levels
from access.models import Grant
from containers import visibility
from containers.models import Container
from tenants.models import Membership


class People:
    def rule(self, user: Any) -> Q:
        if not user.is_authenticated or not user.is_active:
            return Q(pk__in=())
        mine = Membership.objects.filter(user=user).values("tenant")
        shared = Grant.objects.live().filter(email=user.email).values("container")
        return Q(tenant__in=mine) | Q(pk__in=shared)

    def held(self, user: Any, container: Container) -> frozenset[str]:
        return holding.of(user, container).permissions

    def may(self, user: Any, container: Container, permission: str) -> bool:
        return permission in levels.ALL and permission in self.held(user, container)


visibility.plug(People())
