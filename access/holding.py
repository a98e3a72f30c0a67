"""What one person holds on one container: as a member of its tenant, or by a grant. The one place that decides it."""

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
    if not user.is_authenticated or not user.is_active:
        return NOTHING
    if Membership.objects.filter(user=user, tenant=container.tenant_id).exists():
        return Holding(member=True, grant=None)
    return Holding(member=False, grant=Grant.objects.live().filter(container=container.pk, email=user.email).first())
