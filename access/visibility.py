"""Answers for `containers.visibility`: members of a container's tenant do everything, guests what they were given.

Permissions, each with all before it: `view` (open, status), `operate` (logs, start, stop, restart), `shell`,
`manage` (share); for members alone `change` (settings, address, data, a new container) and `delete`.
"""

from typing import Any

from django.db.models import BooleanField, F, Func, Q, QuerySet, Subquery

from access import holding, levels
from access.models import Grant
from containers import visibility
from containers.models import Container
from tenants.models import Membership
from tenants.viewer import Viewer


class _Among(Func):
    """`field IN (subquery)`, with the subquery worked out first.

    Two of them with OR between let PostgreSQL go by both indexes; of two plain ones it reads all containers there are.
    """

    template, arg_joiner = "%(expressions)s", " IN "
    output_field = BooleanField()

    def __init__(self, field: str, rows: QuerySet[Any, Any]) -> None:
        super().__init__(F(field), Subquery(rows.order_by()))

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(compiler, connection, template="%(expressions)s)", arg_joiner=" = ANY(ARRAY", **context)


class People:
    def rule(self, user: Any) -> Q:
        if isinstance(user, Viewer):
            return Q(tenant_id=user.tenant.pk)
        if not user.is_authenticated or not user.is_active:
            return Q(pk__in=())
        mine = Membership.objects.filter(user=user).values("tenant")
        shared = Grant.objects.live().filter(email=user.email).values("container")
        return Q(_Among("tenant_id", mine)) | Q(_Among("pk", shared))

    def held(self, user: Any, container: Container) -> frozenset[str]:
        return holding.of(user, container).permissions

    def may(self, user: Any, container: Container, permission: str) -> bool:
        return permission in levels.ALL and permission in self.held(user, container)


visibility.plug(People())
