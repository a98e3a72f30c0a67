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
    rows = list(Grant.objects.unsettled().filter(container=container.pk).values_list("email", "ended_at", "active_at"))
    live = set(Grant.objects.live().filter(container=container.pk).values_list("email", flat=True)) if rows else set()
    # Also one that is shown as active and is not to be let in just now, such as while its tenant is suspended.
    unsettled = any(ended_at or bool(active_at) != (email in live) for email, ended_at, active_at in rows)
    return Entry(rules.derive(members.emails(container), live), unsettled)


def policy(container: Container) -> Policy:
    return of(container).policy
