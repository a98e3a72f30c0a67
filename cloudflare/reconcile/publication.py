"""Brings one hostname in line with its container: application, then ingress, then DNS; teardown backwards.

Nothing here ever makes a name routable that is not protected: each stage begins only after the one before was
written down as seen.
"""

from typing import Any

from django.db import transaction
from django.utils import timezone

from access import members, rules
from cloudflare.client import AppSpec, Cloudflare, Priority
from cloudflare.clients import client_for
from cloudflare.models import Publication, Route, Tunnel
from cloudflare.reconcile import documents, names
from cloudflare.reconcile import tunnel as tunnels
from cloudflare.reconcile.adopt import application, record, without_application, without_record
from cloudflare.reconcile.faults import translated
from containers import conditions, loop, observed, steps
from containers import reconcile as container_reconcile
from containers.errors import Failed, Retryable
from containers.lease import Lease
from containers.models import ContainerStatus, Desired
from containers.steps import StepState

WAIT = 20.0  # seconds until a publication looks whether its tunnel has answered, should the ring be lost


def load(pk: Any) -> Publication:
    return Publication.objects.select_related("container", "zone__account", "tunnel").get(pk=pk)


def reconcile(publication: Publication, lease: Lease) -> loop.Result:
    if publication.gone_at:
        return loop.Result(rest=True)
    client = client_for(publication.zone.account)
    if publication.container.desired == Desired.ABSENT:
        return _unpublish(publication, lease, client.with_priority(Priority.URGENT))
    return _publish(publication, lease, client)


def _publish(publication: Publication, lease: Lease, client: Cloudflare) -> loop.Result:
    container, tunnel = publication.container, publication.tunnel
    progress = steps.Progress(conditions.of(container, names.PUBLISHED))
    seen: dict[str, Any] = {}
    wanted = documents.application(publication.hostname, rules.derive(members.emails(container)))
    if publication.policy_digest != documents.digest(wanted):
        with progress.blamed():
            seen = _protect(publication, lease, client, wanted, progress)
    if _moved(publication, progress):
        # It stays in the ingress, protected as it is, until Cloudflare has taken the rule that replaces this one.
        publication.route = seen["route"] = Route.NONE
    if not tunnel.tunnel_id or publication.route != Route.IN or publication.routed_in != tunnel.tunnel_id:
        if progress.state(names.STEP_TUNNEL) is not StepState.FAILED:  # what the tunnel said stands until it is mended
            progress.begin(names.STEP_TUNNEL)

        def ask() -> None:
            progress.flush()
            Tunnel.objects.filter(pk=tunnel.pk).ring()

        return loop.Result(after=WAIT, seen=seen, record=ask, rings=((names.TUNNEL, tunnel.pk),))
    if seen:
        lease.write(**seen)
    if progress.state(names.STEP_TUNNEL) is not StepState.DONE:  # it is, when the record is tried once more
        progress.done(names.STEP_TUNNEL)
    if publication.record_target != tunnel.tunnel_id:
        progress.begin(names.STEP_DNS)
        lease.hold()
        with progress.blamed(), translated("DNS record"):
            made = record(client, publication, documents.record(publication, tunnel.tunnel_id))
        progress.done(names.STEP_DNS)
        seen = {"record_id": made.id, "record_target": tunnel.tunnel_id}

    def published() -> None:
        progress.report(True, "Published", generation=container.generation)
        if tunnel.connected_at:
            conditions.report([container.pk], names.CONNECTED, True, "Connected")
        observed.tell(container.pk)

    return loop.Result(seen=seen, record=published)


def _moved(publication: Publication, progress: steps.Progress) -> bool:
    """Whether the tunnel's ingress may lead elsewhere than the container now says: to another port.

    Asked once a change of what was published before, and answered from the whole document, as the tunnel renders it:
    that somebody else's rule differs costs a pass over the tunnel, and nothing else.
    """
    known = progress.condition
    if publication.route != Route.IN or not known.met_at:
        return False
    if known.observed_generation == publication.container.generation:
        return False
    return publication.tunnel.config_digest != documents.digest(tunnels.document(publication.tunnel))


def _protect(
    publication: Publication, lease: Lease, client: Cloudflare, wanted: AppSpec, progress: steps.Progress
) -> dict[str, Any]:
    """Write the application with its policy, and take it as written only if the answer says just that."""
    progress.begin(names.STEP_ACCESS)
    lease.hold()
    with translated("Access application"):
        seen = application(client, publication, wanted)
    if differences := wanted.differences(seen):
        raise Retryable("access_differs", f"Cloudflare holds another policy than was written: {differences[0]}.")
    progress.done(names.STEP_ACCESS)
    return {"app_id": seen.id, "aud": seen.aud, "policy_digest": documents.digest(wanted)}


def _unpublish(publication: Publication, lease: Lease, client: Cloudflare) -> loop.Result:
    """DNS, then ingress, then the application: protected until there is nothing left to protect."""
    with translated("DNS record"):
        without_record(client, publication, lease)
    if publication.record_id:
        lease.write(record_id="", record_target="")
    if publication.route != Route.OUT:
        with transaction.atomic():
            lease.write(route=Route.LEAVING)
            Tunnel.objects.filter(pk=publication.tunnel_id).ring()
        return loop.Result(after=WAIT, rings=((names.TUNNEL, publication.tunnel_id),))
    with translated("Access application"):
        without_application(client, publication, lease)
    container = publication.container

    def record() -> None:
        for condition in (names.PUBLISHED, names.CONNECTED):
            conditions.report([container.pk], condition, False, conditions.GONE, generation=container.generation)
        ContainerStatus.objects.filter(pk=container.pk).ring()
        Tunnel.objects.filter(pk=publication.tunnel_id).ring()

    return loop.Result(
        rest=True,
        seen={"app_id": "", "aud": "", "policy_digest": "", "routed_in": "", "gone_at": timezone.now()},
        rings=((container_reconcile.CONTAINER, container.pk), (names.TUNNEL, publication.tunnel_id)),
        record=record,
    )


def _failed(publication: Publication, failure: Failed) -> None:
    container = publication.container
    progress = steps.Progress(conditions.of(container, names.PUBLISHED))
    if container.desired != Desired.ABSENT:
        progress.fail(str(failure))
    progress.report(None, failure.code, str(failure), generation=container.generation)
    observed.tell(container.pk)


loop.register(loop.Controller(names.PUBLICATION, Publication, load, reconcile, _failed))
