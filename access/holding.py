"""What one person holds on one container: as a member of its tenant, or by a grant. The one place that decides it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from access import levels
from access.models import Grant
from containers.models import Container
from tenants.models import Membership


@dataclass(frozen=True, slots=True)
class Holding:
    member: bool
    grant: Grant | None  # a live one; nobody looks for it where the person is a member

    @property
    def permissions(self) -> frozenset[str]:
        if self.member:
            return levels.ALL
        return frozenset(self.grant.permissions) if self.grant else frozenset()

    def decides(self, grant: Grant) -> bool:
        """Whether this one is theirs to change and revoke: members' is every one, guests' what they gave themselves."""
        return self.member or (self.grant is not None and grant.via_id == self.grant.pk)


NOTHING = Holding(member=False, grant=None)


def of(user: Any, container: Container) -> Holding:
    return among(user, [container])[container.pk]


def among(user: Any, containers: Sequence[Container]) -> dict[Any, Holding]:
    """By the containers' keys; as many statements for many as for one."""
    if not user.is_authenticated or not user.is_active:
        return {container.pk: NOTHING for container in containers}
    tenants = {container.tenant_id for container in containers}
    mine = set(Membership.objects.filter(user=user, tenant__in=tenants).values_list("tenant", flat=True))
    others = [container.pk for container in containers if container.tenant_id not in mine]
    live = Grant.objects.live().filter(container__in=others, email=user.email) if others else ()
    given = {grant.container_id: grant for grant in live}
    return {
        container.pk: Holding(member=True, grant=None)
        if container.tenant_id in mine
        else Holding(member=False, grant=given.get(container.pk))
        for container in containers
    }
