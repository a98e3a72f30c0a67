"""Answers for `containers.visibility`: members of its tenant, owners or not, do everything.

Permissions, each with all before it: `view` (open, status), `operate` (logs, start, stop, restart), `shell`,
`manage` (share), and apart from these `delete`.
"""

from typing import Any

from django.db.models import Q

from containers import visibility
from containers.models import Container
from tenants.models import Membership

PERMISSIONS = frozenset({"view", "operate", "shell", "manage", "delete"})


class Members:
    def rule(self, user: Any) -> Q:
        if not user.is_authenticated or not user.is_active:
            return Q(pk__in=())
        return Q(tenant__in=Membership.objects.filter(user=user).values("tenant"))

    def may(self, user: Any, container: Container, permission: str) -> bool:
        if permission not in PERMISSIONS or not user.is_authenticated or not user.is_active:
            return False
        return Membership.objects.filter(user=user, tenant=container.tenant_id).exists()


visibility.plug(Members())
