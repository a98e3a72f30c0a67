"""What one hostname means for people, carried out: policy, sessions, open connections; and then told.

In this order, each noted on the row before it is done, so that the next pass continues one that was killed. It is
settled before anything else of the hostname is touched: whoever lost access is out, and known to be, whatever becomes
of tunnel and DNS.
"""

import datetime
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any

from django.db import transaction
from django.utils import timezone

from access import entry
from access.entry import Entry
from access.rules import Policy
from cloudflare import applications
from cloudflare.client import AppSpec, Cloudflare, Priority, errors
from cloudflare.models import Publication, SignOut
from cloudflare.reconcile import admitting, answering, documents, guests, names, resetting, sign_out
from cloudflare.reconcile.admitting import Admission
from cloudflare.reconcile.adopt import application
from cloudflare.reconcile.faults import translated
from containers import loop, steps
from containers.errors import Failed, Retryable, Terminal
from containers.lease import Lease
from containers.models import Condition, Desired

PRESSING = 5.0  # seconds between tries to shut somebody out

Rings = tuple[tuple[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """How it stands with people once a pass has done for them what it can do now."""

    admission: Admission
    unsettled: bool  # whether there are grants that have yet to hear what the edge makes of them
    seen: dict[str, Any] = field(default_factory=dict)  # to be written down with the outcome
    rings: Rings = ()


@contextmanager
def pressing(publication: Publication) -> Iterator[None]:
    """While somebody may be in who is to be out, what fails is tried again soon, however often it has failed.

    And no failure puts off the last reset beyond its time, even one that more tries do not mend.
    """
    try:
        yield
    except Failed as failure:
        until, now = publication.reset_until, timezone.now()
        if failure.retry_after is None:
            if isinstance(failure, Retryable):
                if publication.revoking or until:
                    failure.retry_after = min(loop.backoff(publication.failures), PRESSING)
            elif until and until > now:
                failure.retry_after = (until - now).total_seconds()
        raise


def admit(publication: Publication, lease: Lease, client: Cloudflare, progress: steps.Progress) -> Standing:
    """Let in whoever has a right to it, and nobody else; a fresh row gets its application by that.

    Raises `Terminal` where nobody can be let in, and `Retryable` while Cloudflare or the engine do not answer.
    """
    people = entry.of(publication.container)
    admission = admitting.decide(publication, people.policy)
    seen, admission = _written(publication, lease, client, progress, admission)
    return _carried_out(publication, lease, client, people, admission, seen)


def shut(publication: Publication, lease: Lease, client: Cloudflare) -> Standing:
    """Of a hostname that is being given up: hold out whoever lost access, and let in nobody new.

    Costs no call where nobody lost it. With the container itself, everybody does.
    """
    people = entry.of(publication.container)
    gone = publication.container.desired == Desired.ABSENT
    inside = () if gone else tuple(one for one in people.policy.emails if one in set(publication.entered))
    admission, seen = Admission(Policy(inside)), dict[str, Any]()
    if admitting.shuts_out(publication, admission.policy, publication.zone.account.identity_provider_id):
        # Its steps are nobody's to read.
        unread = steps.Progress(Condition(container=publication.container, type=names.PUBLISHED))
        seen, admission = _written(publication, lease, client, unread, admission)
    return _carried_out(publication, lease, client, people, admission, seen)


def along(standing: Standing, result: loop.Result, *moments: datetime.datetime | None) -> loop.Result:
    """The outcome of the pass, with what people still need: they are looked after in time, and at those moments."""
    after = [] if result.after is None else [result.after]
    if standing.admission.waits:
        after.append(admitting.WAIT)
    after += [max(0.0, (moment - timezone.now()).total_seconds()) for moment in moments if moment]
    return replace(result, after=min(after, default=None), rings=(*standing.rings, *result.rings))


def left(publication: Publication) -> tuple[Callable[[], object], Rings]:
    """With the end of a hostname: whom to have signed out, in the outcome's transaction, and whom to ring then."""
    by_right = entry.of(publication.container).policy.emails
    lost = _lost(publication, by_right)
    return (lambda: sign_out.ring(publication.zone.account, lost) if lost else None), _signing_out(publication, lost)


def _written(
    publication: Publication, lease: Lease, client: Cloudflare, progress: steps.Progress, admission: Admission
) -> tuple[dict[str, Any], Admission]:
    """Have Cloudflare hold the policy; returns what was seen, and whom it lets in.

    An address or a login method that Cloudflare does not take must not keep in who is to be out: then less is written.
    """
    known, before = "" if publication.unanswered else publication.policy_digest, _noted(publication)
    required = publication.zone.account.identity_provider_id
    if known == documents.digest(documents.application(publication.hostname, admission.policy, required)):
        return {}, admission
    try:
        return _write(publication, lease, client, admission.policy, required, progress), admission
    except Terminal as exc:
        refusal = exc
    for narrower, required in admitting.fallbacks(publication, admission, refusal):
        _take_back(publication, lease, before)
        if known == documents.digest(documents.application(publication.hostname, narrower.policy, required)):
            return {"unanswered": False, "entered": publication.entered}, narrower
        try:
            return _write(publication, lease, client, narrower.policy, required, progress), narrower
        except Terminal as exc:
            refusal = exc
    publication.entered = before["entered"]
    raise refusal


def _noted(publication: Publication) -> dict[str, Any]:
    """What `_write` notes before it calls, as it is now."""
    names = ("entered", "revoking", "revoking_since", "reset_until", "reset_at")
    return {name: getattr(publication, name) for name in names}


def _take_back(publication: Publication, lease: Lease, before: dict[str, Any]) -> None:
    """A clear no: nobody came in by it, and nobody has to be out for it."""
    for name, value in before.items():
        setattr(publication, name, value)
    lease.write(**{name: value for name, value in before.items() if name != "entered"})


def _write(
    publication: Publication,
    lease: Lease,
    client: Cloudflare,
    policy: Policy,
    required: str,
    progress: steps.Progress,
) -> dict[str, Any]:
    """Note what may come of it, and write the application with its policy."""
    if admitting.shuts_out(publication, policy, required):
        since = publication.revoking_since or timezone.now()
        lease.write(revoking=True, revoking_since=since, **resetting.noted(publication))
        publication.revoking, client = True, client.with_priority(Priority.URGENT)
    if publication.app_id:
        publication.entered = sorted({*publication.entered, *policy.emails})
        lease.write(unanswered=True, entered=publication.entered)
    # Once it answers, who may enter is no step on the way there: the steps stay, with the time that each took.
    stays = progress.kept(names.STEP_ACCESS, lambda: answering.answers(publication, progress.condition))
    with progress.blamed(), stays:
        wanted = documents.application(publication.hostname, policy, required)
        seen = _protect(publication, lease, client, wanted, progress)
    return {
        **seen,
        "admitted": list(policy.emails),
        "required": required,
        "unanswered": False,
        "listed_digest": "",
    }


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


def _carried_out(
    publication: Publication,
    lease: Lease,
    client: Cloudflare,
    people: Entry,
    admission: Admission,
    seen: dict[str, Any],
) -> Standing:
    """The policy holds: end the sessions and connections of whoever it lost, and tell.

    What is told is written down at once, in a transaction of its own; where there is nobody to tell, with the outcome.
    """
    client = client.with_priority(Priority.URGENT)
    if publication.revoking:
        seen |= _end_sessions(seen.get("app_id", publication.app_id), lease, client)
        seen |= resetting.counted(publication)
        lease.write(**seen)  # a reset that has to be tried again need not end sessions again
        publication.revoking = False
    seen |= resetting.carry_out(publication, lease, client)
    inside, lost = list(admission.emails), _lost(publication, {*admission.emails, *people.policy.emails})
    if publication.entered != inside:
        seen["entered"] = inside
    if not lost and not people.unsettled:
        return Standing(admission, False, seen)
    with transaction.atomic():
        if people.unsettled:
            guests.told(publication, admission.policy)
        if seen:
            lease.write(**seen)
        if lost:
            sign_out.ring(publication.zone.account, lost)
    publication.entered = inside
    return Standing(admission, people.unsettled, rings=_signing_out(publication, lost))


def _end_sessions(app_id: str, lease: Lease, client: Cloudflare) -> dict[str, Any]:
    """Somebody is not let in any more: a running session ends only when all of the application are ended.

    At Cloudflare a policy is asked when a session begins. Whom it still lets in signs in again without noticing.
    """
    lease.hold()
    with translated("Ending of sessions"), suppress(errors.NotFound):
        client.apps.revoke_tokens(app_id)
    return {"revoking": False, "revoking_since": None}


def _lost(publication: Publication, stay: Collection[str]) -> list[str]:
    """Who may have been in and is out now, without another right to the container: it may have been their last way."""
    if not sign_out.wanted(publication.zone.account):
        return []
    return sorted(set(publication.entered) - set(stay))


def _signing_out(publication: Publication, lost: list[str]) -> Rings:
    return tuple((names.SIGN_OUT, SignOut.key(publication.zone.account, one)) for one in lost)
