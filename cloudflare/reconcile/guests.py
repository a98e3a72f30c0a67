"""Tells the grants of a container what a pass over one of its hostnames saw of them.

Under the container's lock, from before the other hostnames are looked at: of two that settle at once, the second sees
what the first one wrote.
"""

from collections.abc import Iterable

from access import edge
from access.rules import Policy
from cloudflare.models import Publication, Route
from cloudflare.reconcile import cutover
from containers.models import ContainerStatus


def told(publication: Publication, policy: Policy) -> None:
    """The policy was read back from Cloudflare, and the sessions of whoever it lost were ended.

    Until connections were reset for the last time, an ended session may still have one. Nobody is in, nor invited,
    before the hostname leads somewhere; and by the one that the container is known by.
    """
    cutover.locked(publication)
    let_in = policy.emails if _answers(publication) else None
    may_be_in = None if publication.reset_until else _with_others(publication, policy.emails)
    edge.seen(publication.container_id, let_in, may_be_in)


def told_of_end(publication: Publication) -> None:
    """Nothing of the hostname is left."""
    cutover.locked(publication)
    edge.seen(publication.container_id, None, _with_others(publication, ()))


def _answers(publication: Publication) -> bool:
    tunnel = publication.tunnel.tunnel_id
    routed = publication.route == Route.IN and tunnel and {publication.routed_in, publication.record_target} == {tunnel}
    known = ContainerStatus.objects.filter(pk=publication.container_id, hostname=publication.hostname)
    return bool(routed) and known.exists()


def _with_others(publication: Publication, here: Iterable[str]) -> set[str] | None:
    """With those that the container's other hostnames may let in; None where one of them does not know whom."""
    found = set(here)
    others = cutover.others(publication).exclude(app_id="")
    for admitted, entered, revoking, reset in others.values_list("admitted", "entered", "revoking", "reset_until"):
        if revoking or reset or admitted is None:
            return None
        found.update(entered)
    return found
