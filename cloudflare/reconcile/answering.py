"""Whether a hostname leads to its container already: what fails then holds up the latest change, not the hostname."""

from cloudflare.models import Publication, Route
from cloudflare.reconcile import cutover, documents
from cloudflare.reconcile import tunnel as tunnels
from containers.models import Condition, Desired

AS_BEFORE = "The address answers as before; the latest change of who may enter has not taken effect in full yet."


def answers(publication: Publication, known: Condition) -> bool:
    """Whether it is routed as it is wanted, behind a policy of ours, and people were told so by `known`.

    Nothing that fails takes it away from there. Once they were told otherwise, only a pass that succeeds says that it
    answers.
    """
    return (
        bool(known.status)
        and publication.wanted
        and publication.container.desired != Desired.ABSENT
        and not cutover.is_due(publication)
        and publication.policy_digest != ""
        and publication.route == Route.IN
        and publication.routed_in == publication.record_target == publication.tunnel.tunnel_id != ""
        and not moved(publication, known)
    )


def moved(publication: Publication, known: Condition) -> bool:
    """Whether the tunnel's ingress may lead elsewhere than the container now says: to another port.

    Asked once a change of what was published before, and answered from the whole document, as the tunnel renders it:
    that somebody else's rule differs costs a pass over the tunnel, and nothing else.
    """
    if publication.route != Route.IN or not known.met_at:
        return False
    if known.status and known.observed_generation == publication.container.generation:
        return False
    return publication.tunnel.config_digest != documents.digest(tunnels.document(publication.tunnel))
