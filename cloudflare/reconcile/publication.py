"""Brings one hostname in line with its container: application, then ingress, then DNS; teardown backwards.

Nothing here ever makes a name routable that is not protected: each stage begins only after the one before was
written down as seen.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from django.db import transaction
from django.utils import timezone

from cloudflare.client import Cloudflare, Priority
from cloudflare.clients import client_for
from cloudflare.models import Publication, Route, Tunnel
from cloudflare.reconcile import answering, cutover, documents, guests, names, people, resetting
from cloudflare.reconcile.adopt import record, without_application, without_record
from cloudflare.reconcile.faults import translated
from cloudflare.reconcile.people import Standing
from containers import conditions, loop, observed, steps
from containers import reconcile as container_reconcile
from containers.errors import Failed
from containers.lease import Lease
from containers.models import Condition, Desired
from containers.steps import StepState

WAIT = 20.0  # seconds until a publication looks whether its tunnel has answered, should the ring be lost

# Its own row, and as much of those around it as a pass depends on: each pass reads them all afresh.
_READ = (
    *(field.name for field in Publication._meta.concrete_fields),
    "container__tenant",
    "container__hostname",
    "container__desired",
    "container__generation",
    "container__status__hostname",
    "zone__zone_id",
    "zone__account__account_id",
    "zone__account__api_token",
    "zone__account__identity_provider_id",
    "zone__account__max_rules",
    "zone__account__ends_sessions",
    "zone__account__returns_seats",
    "tunnel__tunnel_id",
    "tunnel__config_digest",
    "tunnel__connected_at",
)


def load(pk: Any) -> Publication:
    return Publication.objects.select_related("container__status", "zone__account", "tunnel").only(*_READ).get(pk=pk)


def reconcile(publication: Publication, lease: Lease) -> loop.Result:
    if publication.gone_at:
        return loop.Result(rest=True)
    client, leaves_at = client_for(publication.zone.account), publication.leaves_at
    given_up = publication.container.desired == Desired.ABSENT or (leaves_at and leaves_at <= timezone.now())
    with people.pressing(publication):
        if given_up:
            return _unpublish(publication, lease, client.with_priority(Priority.URGENT))
        return _publish(publication, lease, client)


def _publish(publication: Publication, lease: Lease, client: Cloudflare) -> loop.Result:
    progress = steps.Progress(_condition(publication))
    with _closing(publication, lease):
        standing = people.admit(publication, lease, client, progress)
    result = _lead(publication, lease, client, progress, standing)
    if standing.admission.hindered:
        result = _hindered(publication, result, standing.admission.hindered)
    return people.along(standing, result, publication.leaves_at, publication.reset_until)


@contextmanager
def _closing(publication: Publication, lease: Lease) -> Iterator[None]:
    """A failure after which nobody knows what protects the hostname takes it out of the ingress."""
    try:
        yield
    except Failed:
        if not publication.policy_digest and publication.route == Route.IN:
            with transaction.atomic():
                lease.write(policy_digest="")
                Tunnel.objects.filter(pk=publication.tunnel_id).ring()
        raise


def _lead(
    publication: Publication, lease: Lease, client: Cloudflare, progress: steps.Progress, standing: Standing
) -> loop.Result:
    """What is protected gets its way in: the tunnel's ingress, and then the DNS record."""
    container, tunnel, seen = publication.container, publication.tunnel, dict(standing.seen)
    if answering.moved(publication, progress.condition):
        # It stays in the ingress, protected as it is, until Cloudflare has taken the rule that replaces this one.
        publication.route = seen["route"] = Route.NONE
    if not tunnel.tunnel_id or publication.route != Route.IN or publication.routed_in != tunnel.tunnel_id:
        if progress.state(names.STEP_TUNNEL) is not StepState.FAILED:  # what the tunnel said stands until it is mended
            progress.begin(names.STEP_TUNNEL)

        def tell() -> None:
            if container.status.hostname and cutover.is_due(publication):
                until = f"{container.status.hostname} answers until {publication.hostname} does."
                progress.report(None, "Renaming", until, generation=container.generation)
            progress.flush()

        wake = Tunnel.objects.filter(pk=tunnel.pk).ring
        return loop.Result(after=WAIT, seen=seen, record=tell, wake=wake, rings=((names.TUNNEL, tunnel.pk),))
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
        publication.record_target = tunnel.tunnel_id
        seen = {"record_id": made.id, "record_target": tunnel.tunnel_id}
    return _published(publication, progress, seen, standing)


def _published(
    publication: Publication, progress: steps.Progress, seen: dict[str, Any], standing: Standing
) -> loop.Result:
    """The hostname answers; if it is the one that the container is waiting for, the earlier one may go."""
    container, fresh = publication.container, cutover.is_due(publication)
    earlier = cutover.others(publication).values_list("pk", flat=True) if fresh and container.status.hostname else ()

    def report() -> None:
        if fresh:
            cutover.carry_out(publication)
        if standing.unsettled and (fresh or "record_id" in seen):  # before, it let in nobody yet
            guests.told(publication, standing.admission.policy)
        progress.report(True, "Published", generation=container.generation)
        if publication.tunnel.connected_at:
            conditions.report([container.pk], names.CONNECTED, True, "Connected")
        observed.tell(container.pk)

    return loop.Result(seen=seen, record=report, rings=tuple((names.PUBLICATION, pk) for pk in earlier))


def _unpublish(publication: Publication, lease: Lease, client: Cloudflare) -> loop.Result:
    """DNS, then ingress, then the application: protected until there is nothing left to protect.

    Before it of a hostname that people still come by, whoever lost access is held out. When the container goes,
    everybody does, and faster than by its policy; but for when the record stays.
    """
    absent = publication.container.desired == Desired.ABSENT
    standing = None if absent else people.shut(publication, lease, client)
    if standing and standing.seen:
        lease.write(**standing.seen)
    try:
        with translated("DNS record"):
            without_record(client, publication, lease)
    except Failed:
        if absent and (shut := people.shut(publication, lease, client)).seen:
            lease.write(**shut.seen)
        raise
    if publication.record_id:
        lease.write(record_id="", record_target="")
    if publication.route != Route.OUT:
        with transaction.atomic():
            lease.write(route=Route.LEAVING)
            Tunnel.objects.filter(pk=publication.tunnel_id).ring()
        result = loop.Result(after=WAIT, rings=((names.TUNNEL, publication.tunnel_id),))
        return people.along(standing, result, publication.reset_until) if standing else result
    if not absent:  # else all that is open ends with it
        resetting.carry_out(publication, lease, client, last=True)
    with translated("Access application"):
        without_application(client, publication, lease)
    result = _gone(publication, lease)
    return people.along(standing, result) if standing else result


def _gone(publication: Publication, lease: Lease) -> loop.Result:
    """The outcome once nothing of it is left outside; container and tunnel are rung, which may have waited for that."""
    sign_out, rings = people.left(publication)
    rings = (*rings, (container_reconcile.CONTAINER, publication.container_id), (names.TUNNEL, publication.tunnel_id))

    def record() -> None:
        guests.told_of_end(publication)
        cutover.end(publication, lease)
        observed.tell(publication.container_id)

    return loop.Result(
        rest=True,
        seen={
            "app_id": "",
            "aud": "",
            "policy_digest": "",
            "routed_in": "",
            "entered": [],
            "unanswered": False,
            "reset_until": None,
            "revoking": False,
            "revoking_since": None,
        },
        rings=rings,
        record=record,
        wake=_in_a_row(Tunnel.objects.filter(pk=publication.tunnel_id).ring, sign_out),
    )


def _hindered(publication: Publication, result: loop.Result, failure: Failed) -> loop.Result:
    """As a failure that needs a person, and all that was seen counts: who is to be out is out, who fits is in."""

    def answers(known: Condition) -> bool:
        return bool(known.status) and known.observed_generation == publication.container.generation

    told = {"code": failure.code, "message": str(failure), "retrying": False}
    record = _in_a_row(result.record, lambda: _told(publication, failure, answers))
    return replace(result, seen={**result.seen, **told}, record=record)


def _in_a_row(*parts: Callable[[], object]) -> Callable[[], None]:
    def record() -> None:
        for part in parts:
            part()

    return record


def _condition(publication: Publication) -> Condition:
    """Where people read how it goes. Of a hostname that is not wanted any more nobody does: an unsaved row."""
    container = publication.container
    if publication.wanted:
        return conditions.of(container, names.PUBLISHED)
    return Condition(container=container, type=names.PUBLISHED)


def _failed(publication: Publication, failure: Failed) -> None:
    _told(publication, failure, lambda known: answering.answers(publication, known))


def _told(publication: Publication, failure: Failed, answers: Callable[[Condition], bool]) -> None:
    """Say on the condition, and on the step that it stands at, what failed; what answers all the same is published."""
    container = publication.container
    absent = container.desired == Desired.ABSENT
    progress = steps.Progress(conditions.of(container, names.PUBLISHED) if absent else _condition(publication))
    status, message = None, str(failure)
    if answers(progress.condition):
        status, message = True, f"{answering.AS_BEFORE} {failure}"
    elif not absent:
        progress.fail(message)
    progress.report(status, failure.code, message, generation=container.generation)
    observed.tell(container.pk)


loop.register(loop.Controller(names.PUBLICATION, Publication, load, reconcile, _failed))
