"""Who may come in at the edge just now, asked of the rows."""

from dataclasses import dataclass

from access import members, rules
from access.models import Grant
from access.rules import Policy
from containers.models import Container


@dataclass(frozen=True, slots=True)
class Entry:
    policy: Policy
    unsettled: bool  # whether there is a grant that the edge was yet to be seen to follow


def of(container: Container) -> Entry:
    """Of the members of its tenant and its live grants, whole."""
    rows = list(Grant.objects.unsettled().filter(container=container.pk).values_list("ended_at", "active_at"))
    live = Grant.objects.live().filter(container=container.pk).values_list("email", flat=True) if rows else ()
    unsettled = any(ended_at or not active_at for ended_at, active_at in rows)
    return Entry(rules.derive(members.emails(container), live), unsettled)


def policy(container: Container) -> Policy:
    return of(container).policy
