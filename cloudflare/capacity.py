"""Answers for `access.capacity`: whether one more person fits into a container's application, and has a seat."""

from collections.abc import Collection

from access import capacity
from access.models import Grant
from cloudflare.models import Account, Seat
from cloudflare.reconcile.admitting import rules
from containers.models import Container
from tenants.refusal import Refused
from tenants.words import gettext as _
from tenants.words import ngettext


class Edge:
    def require(self, container: Container, people: Collection[str], new: Collection[str]) -> None:
        mine = Account.objects.filter(zones__publications__container=container, zones__publications__gone_at=None)
        for account in Account.objects.filter(pk__in=mine.values("pk")).defer("api_token").order_by("pk"):
            _require_rules(account, people)
            if account.max_seats is not None:
                _require_seats(account, set(new))


def _require_rules(account: Account, people: Collection[str]) -> None:
    if rules(account, len(people)) <= account.max_rules:
        return
    most = account.max_rules - rules(account, 0)
    raise Refused(
        "access_full",
        _(
            "%(count)s people would have access, members included, and Cloudflare takes %(most)s for one container; "
            "revoke access that nobody needs any more, or share another container."
        )
        % {"count": len(people), "most": most},
        status=409,
        field="email",
        limit=most,
    )


def _require_seats(account: Account, new: set[str]) -> None:
    """Seats are taken at the first sign-in; to those who have access and did not come yet they are promised."""
    # Held until the grants are written: who shares another container of the account counts these as well.
    most = Account.objects.select_for_update(of=("self",), no_key=True).only("max_seats").get(pk=account.pk).max_seats
    taken = set(Seat.objects.filter(account=account).values_list("email", flat=True))
    here = {"container__publications__zone__account": account, "container__publications__gone_at": None}
    promised = set(Grant.objects.open().filter(**here).values_list("email", flat=True)) - taken
    left = None if most is None else most - len(taken) - len(promised)
    if left is None or not (wanting := new - taken - promised) or len(wanting) <= left:
        return
    free = _("no seat is left")
    if left > 0:
        free = ngettext("of %(most)s seats, %(left)s is left", "of %(most)s seats, %(left)s are left", left)
        free %= {"most": most, "left": left}
    raise Refused(
        "seats_full",
        _(
            "%(count)s of these people would need a seat at Cloudflare, and %(free)s; whoever runs Warren can get "
            "more, or access that nobody needs any more can be revoked."
        )
        % {"count": len(wanting), "free": free},
        status=409,
        field="email",
        limit=most,
        left=max(0, left),
    )


capacity.plug(Edge())
