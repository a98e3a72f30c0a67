"""What one person holds on one container: as a member of its tenant, or by a grant. The one place that decides it."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from access import levels
from access.models import Grant
from containers.models import Container
from tenants.models import Membership
from tenants.viewer import Viewer


@dataclass(frozen=True, slots=True)
class Holding:
    member: bool
    grant: Grant | None  # a live one; nobody looks for it where the person is a member
    withheld: frozenset[str] = frozenset()

    @property
    def permissions(self) -> frozenset[str]:
        if self.member:
            return levels.ALL - self.withheld
        return frozenset(self.grant.permissions) if self.grant else frozenset()

    def decides(self, grant: Grant) -> bool:
        """Whether this one is theirs to change and revoke: members' is every one, guests' what they gave themselves."""
        return self.member or (self.grant is not None and grant.via_id == self.grant.pk)


NOTHING = Holding(member=False, grant=None)
MEMBER = Holding(member=True, grant=None)
VIEWER = Holding(member=True, grant=None, withheld=frozenset({"shell"}))  # who works inside changes something


def of(user: Any, container: Container) -> Holding:
    return among([(user, container)])[user, container.pk]


def among(pairs: Collection[tuple[Any, Container]]) -> dict[tuple[Any, Any], Holding]:
    """By person and the container's key; two statements, however many there are."""
    found = {(user, container.pk): NOTHING for user, container in pairs}
    views = [(user, each) for user, each in pairs if isinstance(user, Viewer) and user.owns(each.tenant_id)]
    found |= {(user, each.pk): VIEWER for user, each in views}
    pairs = [(user, each) for user, each in pairs if not isinstance(user, Viewer)]
    pairs = [(user, container) for user, container in pairs if user.is_authenticated and user.is_active]
    if not pairs:
        return found
    belong = Membership.objects.filter(
        user__in={user.pk for user, _ in pairs}, tenant__in={container.tenant_id for _, container in pairs}
    )
    inside = set(belong.values_list("user", "tenant"))
    outside = [(user, container) for user, container in pairs if (user.pk, container.tenant_id) not in inside]
    given = {}
    if outside:
        live = Grant.objects.live().filter(
            email__in={user.email for user, _ in outside}, container__in={container.pk for _, container in outside}
        )
        given = {(grant.email, grant.container_id): Holding(member=False, grant=grant) for grant in live}
    found |= {(user, container.pk): MEMBER for user, container in pairs}
    return found | {(user, each.pk): given.get((user.email, each.pk), NOTHING) for user, each in outside}
