"""Tells the grants of a container what a pass over one of its hostnames saw of them."""

from collections.abc import Iterable

from access import edge
from access.rules import Policy
from cloudflare.models import Publication
from cloudflare.reconcile import cutover


def told(publication: Publication, policy: Policy) -> None:
    """The policy was read back from Cloudflare, and the sessions of whoever it lost were ended.

    Until connections were reset for the last time, an ended session may still have one.
    """
    let_in = policy.emails if publication.wanted else None
    may_be_in = None if publication.reset_until else _with_others(publication, policy.emails)
    edge.seen(publication.container_id, let_in, may_be_in)


def told_of_end(publication: Publication) -> None:
    """Nothing of the hostname is left."""
    edge.seen(publication.container_id, None, _with_others(publication, ()))


def _with_others(publication: Publication, here: Iterable[str]) -> set[str] | None:
    """With those that the container's other hostnames may let in; None where one of them does not know whom."""
    found = set(here)
    others = cutover.others(publication).exclude(app_id="")
    for admitted, entered, revoking, reset in others.values_list("admitted", "entered", "revoking", "reset_until"):
        if revoking or reset or admitted is None:
            return None
        found.update(entered)
    return found
