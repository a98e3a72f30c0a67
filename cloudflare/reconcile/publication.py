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
from cloudflare.reconcile.adopt import application, record, without_application, without_record
from cloudflare.reconcile.faults import translated
from containers import conditions, loop, observed, steps
from containers import reconcile as container_reconcile
from containers.errors import Failed, Retryable
from containers.lease import Lease
from containers.models import Container, ContainerStatus, Desired

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
    tunnel = publication.tunnel
    progress = steps.Progress(publication.pk)
    wanted = documents.application(publication.hostname, rules.derive(members.emails(publication.container)))
    if publication.policy_digest != documents.digest(wanted):
        _protect(publication, lease, client, wanted, progress)
    if not tunnel.tunnel_id or publication.route != Route.IN or publication.routed_in != tunnel.tunnel_id:
        with transaction.atomic():
            progress.begin(names.STEP_TUNNEL)
            progress.flush()
            Tunnel.objects.filter(pk=tunnel.pk).ring()
        return loop.Result(after=WAIT, rings=((names.TUNNEL, tunnel.pk),))
    if publication.record_target != tunnel.tunnel_id:
        progress.done(names.STEP_TUNNEL)
        progress.begin(names.STEP_DNS)
        lease.hold()
        with translated("DNS record"):
            made = record(client, publication, documents.record(publication, tunnel.tunnel_id))
        progress.done(names.STEP_DNS)
        lease.write(record_id=made.id, record_target=tunnel.tunnel_id)
    _published(publication, progress)
    return loop.Result()


def _protect(
    publication: Publication, lease: Lease, client: Cloudflare, wanted: AppSpec, progress: steps.Progress
) -> None:
    """Write the application with its policy, and take it as written only if the answer says just that."""
    progress.begin(names.STEP_ACCESS)
    lease.hold()
    with translated("Access application"):
        seen = application(client, publication, wanted)
    if differences := wanted.differences(seen):
        raise Retryable("access_differs", f"Cloudflare holds another policy than was written: {differences[0]}.")
    lease.write(app_id=seen.id, aud=seen.aud, policy_digest=documents.digest(wanted))
    progress.done(names.STEP_ACCESS)


def _published(publication: Publication, progress: steps.Progress) -> None:
    container, tunnel = publication.container, publication.tunnel
    with transaction.atomic():
        progress.flush()
        changed = conditions.report([container.pk], names.PUBLISHED, True, "Published", generation=container.generation)
        if tunnel.connected_at:
            changed += conditions.report([container.pk], names.CONNECTED, True, "Connected")
        if changed:
            steps.finish([container.pk])
    if changed:
        observed.changed.send(Container, container_id=container.pk)


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
    with transaction.atomic():
        for condition in (names.PUBLISHED, names.CONNECTED):
            conditions.report([container.pk], condition, False, conditions.GONE, generation=container.generation)
        ContainerStatus.objects.filter(pk=container.pk).ring()
        Tunnel.objects.filter(pk=publication.tunnel_id).ring()
    return loop.Result(
        rest=True,
        seen={"app_id": "", "aud": "", "policy_digest": "", "routed_in": "", "gone_at": timezone.now()},
        rings=((container_reconcile.CONTAINER, container.pk), (names.TUNNEL, publication.tunnel_id)),
    )


def _failed(publication: Publication, failure: Failed) -> None:
    container = publication.container
    if container.desired != Desired.ABSENT:
        steps.fail(container.pk, (names.STEP_TUNNEL, names.STEP_ACCESS, names.STEP_DNS), str(failure))
    conditions.report([container.pk], names.PUBLISHED, None, failure.code, str(failure), container.generation)
    observed.changed.send(Container, container_id=container.pk)


loop.register(loop.Controller(names.PUBLICATION, Publication, load, reconcile, _failed))
