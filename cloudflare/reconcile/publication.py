"""Brings one hostname in line with its container: application, then ingress, then DNS; teardown backwards.

Nothing here ever makes a name routable that is not protected: each stage begins only after the one before was
written down as seen.
"""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

from django.db import transaction
from django.utils import timezone

from access import entry
from access.rules import Policy
from cloudflare import applications
from cloudflare.client import AppSpec, Cloudflare, Priority, errors
from cloudflare.clients import client_for
from cloudflare.models import Publication, Route, SignOut, Tunnel
from cloudflare.reconcile import admitting, answering, cutover, documents, guests, names, resetting, sign_out
from cloudflare.reconcile.adopt import application, record, without_application, without_record
from cloudflare.reconcile.faults import translated
from containers import conditions, loop, observed, steps
from containers import reconcile as container_reconcile
from containers.errors import Failed, Retryable
from containers.lease import Lease
from containers.models import Condition, Desired
from containers.steps import StepState

PRESSING = 5.0  # seconds between tries to shut somebody out
WAIT = 20.0  # seconds until a publication looks whether its tunnel has answered, should the ring be lost
_ENDED = {"revoking": False, "revoking_since": None}

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
    if publication.container.desired == Desired.ABSENT or (leaves_at and leaves_at <= timezone.now()):
        return _unpublish(publication, lease, client.with_priority(Priority.URGENT))
    people = entry.of(publication.container)
    admission = admitting.decide(publication, people.policy)
    with _pressing(publication):
        result = _publish(publication, lease, client, admission.policy)
    if admission.crowded:
        result = _crowded(publication, result, admission.crowded)
    if people.unsettled:
        result = replace(result, record=_in_a_row(lambda: guests.told(publication, admission.policy), result.record))
    result = _left(publication, result, admission.emails)
    if admission.waits:
        result = replace(result, after=admitting.WAIT)
    due = min((moment for moment in (leaves_at, publication.reset_until) if moment), default=None)
    if due:
        left = max(0.0, (due - timezone.now()).total_seconds())
        return replace(result, after=left if result.after is None else min(result.after, left))
    return result


@contextmanager
def _pressing(publication: Publication) -> Iterator[None]:
    """While somebody may be in who is to be out, what fails is tried again soon, however often it has failed."""
    try:
        yield
    except Retryable as failure:
        if publication.revoking and failure.retry_after is None:
            failure.retry_after = min(loop.backoff(publication.failures), PRESSING)
        raise


def _publish(publication: Publication, lease: Lease, client: Cloudflare, policy: Policy) -> loop.Result:
    container, tunnel = publication.container, publication.tunnel
    progress = steps.Progress(_condition(publication))
    seen: dict[str, Any] = {}
    required = publication.zone.account.identity_provider_id
    wanted = documents.application(publication.hostname, policy, required)
    if publication.unanswered or publication.policy_digest != documents.digest(wanted):
        if admitting.shuts_out(publication, policy):
            since = publication.revoking_since or timezone.now()
            lease.write(revoking=True, revoking_since=since, **resetting.noted(publication))
            publication.revoking, client = True, client.with_priority(Priority.URGENT)
        if publication.app_id:
            publication.entered = sorted({*publication.entered, *policy.emails})
            lease.write(unanswered=True, entered=publication.entered)
        # Once it answers, who may enter is no step on the way there: the steps stay, with the time that each took.
        stays = progress.kept(names.STEP_ACCESS, lambda: answering.answers(publication, progress.condition))
        with progress.blamed(), stays:
            seen = _protect(publication, lease, client, wanted, progress)
        seen |= {"admitted": list(policy.emails), "required": required, "unanswered": False, "listed_digest": ""}
    if publication.revoking:
        seen |= _end_sessions(seen.get("app_id", publication.app_id), lease, client.with_priority(Priority.URGENT))
        seen |= resetting.counted(publication)
        lease.write(**seen)  # a reset that has to be tried again need not end sessions again
    seen |= resetting.carry_out(publication, lease, client.with_priority(Priority.URGENT))
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
        seen = {"record_id": made.id, "record_target": tunnel.tunnel_id}
    return _published(publication, progress, seen)


def _published(publication: Publication, progress: steps.Progress, seen: dict[str, Any]) -> loop.Result:
    """The hostname answers; if it is the one that the container is waiting for, the earlier one may go."""
    container, fresh = publication.container, cutover.is_due(publication)
    earlier = cutover.others(publication).values_list("pk", flat=True) if fresh and container.status.hostname else ()

    def report() -> None:
        if fresh:
            cutover.carry_out(publication)
        progress.report(True, "Published", generation=container.generation)
        if publication.tunnel.connected_at:
            conditions.report([container.pk], names.CONNECTED, True, "Connected")
        observed.tell(container.pk)

    return loop.Result(seen=seen, record=report, rings=tuple((names.PUBLICATION, pk) for pk in earlier))


def _protect(
    publication: Publication, lease: Lease, client: Cloudflare, wanted: AppSpec, progress: steps.Progress
) -> dict[str, Any]:
    """Write the application with its policy, and take it as written only if the answer says just that."""
    progress.begin(names.STEP_ACCESS)
    lease.hold()
    with translated("Access application"):
        seen = application(client, publication, wanted)
    if seen.id != publication.app_id:
        applications.note(publication, seen.id)
    if differences := wanted.differences(seen):
        publication.policy_digest = ""  # of what protects it now, nobody knows more than that it is not ours
        raise Retryable("access_differs", f"Cloudflare holds another policy than was written: {differences[0]}.")
    progress.done(names.STEP_ACCESS)
    return {"app_id": seen.id, "aud": seen.aud, "policy_digest": documents.digest(wanted)}


def _end_sessions(app_id: str, lease: Lease, client: Cloudflare) -> dict[str, Any]:
    """Somebody is not let in any more: a running session ends only when all of the application are ended.

    At Cloudflare a policy is asked when a session begins. Whom it still lets in signs in again without noticing.
    """
    lease.hold()
    with translated("Ending of sessions"), suppress(errors.NotFound):
        client.apps.revoke_tokens(app_id)
    return dict(_ENDED)


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
    if publication.container.desired != Desired.ABSENT:  # else all that is open ends with it
        resetting.carry_out(publication, lease, client, last=True)
    with translated("Access application"):
        without_application(client, publication, lease)

    def record() -> None:
        guests.told_of_end(publication)
        cutover.end(publication, lease)
        observed.tell(publication.container_id)

    result = loop.Result(
        rest=True,
        seen={
            "app_id": "",
            "aud": "",
            "policy_digest": "",
            "routed_in": "",
            "unanswered": False,
            "reset_until": None,
            **_ENDED,
        },
        rings=((container_reconcile.CONTAINER, publication.container_id), (names.TUNNEL, publication.tunnel_id)),
        record=record,
        wake=Tunnel.objects.filter(pk=publication.tunnel_id).ring,
    )
    return _left(publication, result, ())


def _left(publication: Publication, result: loop.Result, inside: Collection[str]) -> loop.Result:
    """Who was in and is out now may have lost their last way in: that is noted with what was seen of it."""
    if publication.entered == list(inside):
        return result
    account, lost = publication.zone.account, set(publication.entered) - set(inside)
    result = replace(result, seen={**result.seen, "entered": list(inside)})
    if not lost or not sign_out.wanted(account):
        return result
    wake = _in_a_row(result.wake, lambda: sign_out.ring(account, lost))
    return replace(
        result, wake=wake, rings=(*((names.SIGN_OUT, SignOut.key(account, one)) for one in lost), *result.rings)
    )


def _crowded(publication: Publication, result: loop.Result, failure: Failed) -> loop.Result:
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
