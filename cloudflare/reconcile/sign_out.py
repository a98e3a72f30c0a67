"""Signs somebody out of all that an account guards, once nothing of it lets them in any more.

The sessions of each container that they lost were ended by its own publication. What is left is the person's session
with the account itself, and their seat. That session is one for all tenants: so it is looked afresh whether another
container, whoever's it is, lets them in. Whoever is to be let in anew meanwhile waits until this is done: a call that
is under way never ends a session that began after it was decided.
"""

import json
from collections.abc import Collection
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.db.models import F, Q, QuerySet, TextField
from django.db.models.functions import Cast

from access.models import Grant
from cloudflare.client import Cloudflare, Priority, errors
from cloudflare.clients import client_for
from cloudflare.models import Account, Publication, Seat, SignOut
from cloudflare.reconcile import names
from cloudflare.reconcile.faults import translated
from containers import loop
from containers.errors import Failed
from containers.lease import Lease
from tenants import audit
from tenants.events import Action
from tenants.models import Membership, User

CROWD = 50  # so many wait their turn: the part of the budget that is kept for ending access is for policies


def wanted(account: Account) -> bool:
    return account.ends_sessions or account.returns_seats


def ring(account: Account, emails: Collection[str]) -> None:
    """Have it looked whether these people have lost their last way in; in the transaction that lets them in no more."""
    missing, rows = sorted(emails), SignOut.objects.filter(account=account, email__in=emails)
    while missing:
        # In the order of addresses, and the rows held: one that is just done is gone, or is passed over once more.
        made = [SignOut(pk=SignOut.key(account, email), account=account, email=email) for email in missing]
        SignOut.objects.bulk_create(made, ignore_conflicts=True)
        held = set(rows.select_for_update().order_by("email").values_list("email", flat=True))
        missing = [email for email in missing if email not in held]
    rows.ring()


def again(account: Account, which: Q) -> list[Any]:
    """Ring those of the account's rows; returns their keys."""
    rows = SignOut.objects.filter(which, account=account).select_for_update().order_by("email")
    keys = list(rows.values_list("pk", flat=True))
    if keys:
        SignOut.objects.filter(pk__in=keys).ring()
    return keys


def load(pk: Any) -> SignOut | None:
    return SignOut.objects.select_related("account").filter(pk=pk).first()


def reconcile(row: SignOut, lease: Lease) -> loop.Result:
    # First noted, then looked: whoever gives the person a way in either is seen here, or sees this.
    lease.write(calling=True)
    done: dict[str, Any] = {}
    if not _has_way_in(row):
        if _first_refused(row.account) not in {None, row.pk}:
            wake = Publication.objects.filter(pk__in=_waiting(row)).ring
            return loop.Result(rest=True, seen={"calling": False}, wake=wake)
        done = _sign_out(row, lease)

    def record() -> None:
        Publication.objects.filter(pk__in=_waiting(row)).ring()
        lease.rows().filter(rings=row.rings).delete()
        if done or row.code:
            again(row.account, Q(next_check_at=None))
        if done:
            audit.record(Action.ACCESS_SIGN_OUT, actor=None, target=row.account, email=row.email, **done)

    rings = tuple((names.PUBLICATION, pk) for pk in _waiting(row))
    return loop.Result(rest=True, seen={"calling": False}, record=record, rings=rings)


def _first_refused(account: Account) -> Any:
    """Key of the person for whom the account's token was refused first, if it was.

    It is refused for all then: that one is tried again, and the others rest until it goes through, or until the
    account is saved.
    """
    refused = SignOut.objects.filter(account=account, code=errors.Unauthorized.code)
    return refused.order_by("created_at", "pk").values_list("pk", flat=True).first()


def _sign_out(row: SignOut, lease: Lease) -> dict[str, Any]:
    """What was done, for the record."""
    account = row.account
    done: dict[str, Any] = {}
    crowd = SignOut.objects.filter(account=account).count() > CROWD
    client = client_for(account).with_priority(Priority.NORMAL if crowd else Priority.URGENT)
    if account.ends_sessions:
        lease.hold()
        with translated("Signing out"):
            client.organization.revoke_user(row.email)
        done["sessions"] = "ended"
    if account.returns_seats and (seats := _return_seats(client, row, lease)):
        done["seats"] = seats
    return done


def _return_seats(client: Cloudflare, row: SignOut, lease: Lease) -> int:
    lease.hold()
    with translated("Returning of a seat"):
        found = [user for user in client.users.all(email=row.email) if user.email == row.email and user.access_seat]
        seats = [user.seat_uid for user in found if user.seat_uid]
        with suppress(errors.NotFound):
            client.seats.release(seats)
    Seat.objects.filter(account=row.account, email=row.email).delete()
    return len(seats)


def _has_way_in(row: SignOut) -> bool:
    """Staff are never signed out, nor is a member of a tenant: a container may come, and a guest may be anybody.

    Where Warren itself stands behind Access, nobody who has an account there is: they would lose the pages.
    """
    mine = User.objects.filter(email=row.email, is_active=True)
    if not settings.ACCESS_AUDIENCE:
        mine = mine.filter(Q(is_staff=True) | Q(memberships__in=_memberships(row.email)))
    return mine.exists() or _by_right(row).exists() or _may_be_in(row)


def _by_right(row: SignOut) -> QuerySet[Publication]:
    """The living publications that let the person in, or are to."""
    guests = Grant.objects.live().filter(email=row.email).values("container")
    living = Publication.objects.filter(gone_at=None, zone__account=row.account)
    return living.filter(Q(container__in=guests) | Q(container__tenant__in=_memberships(row.email).values("tenant")))


def _memberships(email: str) -> QuerySet[Membership]:
    running = Membership.objects.filter(tenant__suspended_at=None, tenant__deleted_at=None)
    return running.filter(user__email=email, user__is_active=True)


def _may_be_in(row: SignOut) -> bool:
    """Whether a publication has yet to hold the person out: it rings this row again once it does."""
    living = Publication.objects.filter(gone_at=None, zone__account=row.account)
    # As the databases write the list: with and without escapes for what is not ASCII.
    spellings = (json.dumps(row.email), json.dumps(row.email, ensure_ascii=False))
    texts = living.annotate(text=Cast(F("entered"), TextField()))
    found = texts.filter(Q(text__contains=spellings[0]) | Q(text__contains=spellings[1]))
    return any(row.email in entered for entered in found.values_list("entered", flat=True))


def _waiting(row: SignOut) -> list[Any]:
    """Keys of the publications that wait with the person."""
    every = _by_right(row).values_list("pk", "admitted")
    return [pk for pk, admitted in every if row.email not in (admitted or ())]


def _failed(row: SignOut, failure: Failed) -> None:
    """It is tried again, after a fresh look; until then nobody waits."""
    Publication.objects.filter(pk__in=_waiting(row)).ring()
    SignOut.objects.filter(pk=row.pk).update(calling=False)


loop.register(loop.Controller(names.SIGN_OUT, SignOut, load, reconcile, _failed))
