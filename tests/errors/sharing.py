"""Refusals about who may enter: sharing, changing, revoking, giving back, and looking at who came."""

from typing import Any

from django.test import override_settings
from django.utils import timezone

from access import granting, happened, sharing, terms
from access.models import Grant
from cloudflare.models import Account
from tenants.models import User
from tests.errors.world import DAY, Cause, World


def _demoted(w: World) -> Any:
    sharing.change(w.grant, actor=w.alice, permission="shell")
    return w.of(w.box, "access/", {"emails": ["dora@example.com"]}, by=w.gina)


def _more_than_own(w: World) -> Any:
    """The ladder's top is to share, which is what they need to come here: so of one whose grant was lowered since."""
    mine = sharing.managing(w.box, w.gina)
    assert mine.grant
    mine.grant.permission = "view"
    return granting.require_level("manage", mine)


def _others(w: World) -> Any:
    (other,) = sharing.share(w.box, actor=w.alice, emails=["erin@example.com"], permission="view")
    return w.of(w.box, f"access/{other.pk}/", method="delete", by=w.gina)


def _ended(w: World) -> Any:
    sharing.revoke(w.grant, actor=w.alice)
    return w.of(w.box, f"access/{w.grant.pk}/", {"permissions": ["view"]}, method="patch")


def _hands(w: World) -> Any:
    before = w.gina
    for n in range(granting.LINKS - 1):
        after = User.objects.create_user(f"g{n}@example.com", "secret")
        sharing.share(w.box, actor=before, emails=[after.email], permission="manage")
        before = after
    return w.share(by=before)


def _guests(w: World) -> Any:
    w.plan(max_guests=2)
    w.share("dora@example.com")
    return w.share("erin@example.com")


def _pace(w: World) -> Any:
    with override_settings(GRANTS_PER_HOUR=1):
        return w.share()


def _days(w: World, expires_at: Any, days: int | None = 7) -> Any:
    w.plan(grant_days=days)
    return w.share(expires_at=expires_at and expires_at.isoformat())


def _crowd(w: World) -> Any:
    Account.objects.update(max_rules=3)
    return w.share()


def _seats(w: World, seats: int) -> Any:
    Account.objects.update(max_seats=seats)
    return w.share("dora@example.com", "erin@example.com", "finn@example.com")


def _page(w: World, by: User | None = None, **form: Any) -> Any:
    whole = {"email": "dora@example.com", "permission": "view", "end": "week", **form}
    return w.page(by or w.alice, f"/containers/{w.box.pk}/people/", whole)


def _has_more(w: World) -> Any:
    sharing.share(w.box, actor=w.alice, emails=["erin@example.com"], permission="shell")
    return _page(w, email="erin@example.com")


def _going(w: World) -> Any:
    w.going()
    return w.share()


def _gives_back_anothers(w: World) -> Any:
    return sharing.leave(Grant.objects.get(pk=w.grant.pk), actor=w.charlie)


CAUSES: dict[str, Cause] = {
    "Shares without the permission to": _demoted,
    "Gives more than they hold": _more_than_own,
    "Gives access for longer than their own": lambda w: w.share(
        by=w.gina, expires_at=(timezone.now() + 9 * DAY).isoformat()
    ),
    "Revokes what somebody else gave, as a guest": _others,
    "Gives back somebody else's access": _gives_back_anothers,
    "Changes an access that has ended": _ended,
    "Shares with a member": lambda w: w.share("bob@example.com"),
    "Shares with nobody": lambda w: sharing.share(w.box, actor=w.alice, emails=[]),
    "Writes an address that is none": lambda w: w.share("dora"),
    "Writes an address with other letters": lambda w: w.share("dora@straße.de"),
    "Writes too many addresses": lambda w: w.share(*(f"p{n}@example.com" for n in range(101))),
    "Writes a link into the message": lambda w: _page(w, note="Look at evil.example/now"),
    "Writes a message that is too long": lambda w: _page(w, note="x" * 501),
    "Shares with who has more already": _has_more,
    "Chooses an end without saying when": lambda w: _page(w, end="at"),
    "Chooses an end that has passed": lambda w: w.share(expires_at=(timezone.now() - DAY).isoformat()),
    "Chooses no end where the plan wants one": lambda w: _days(w, None),
    "Chooses an end that is too far": lambda w: _days(w, timezone.now() + 30 * DAY),
    "Chooses an end beyond what calendars hold": lambda w: _days(w, terms.LAST, days=None),
    "Shares with more guests than the plan allows": _guests,
    "Shares too often": _pace,
    "Shares with more people than Cloudflare takes": _crowd,
    "Shares with more people than there are seats": lambda w: _seats(w, 1),
    "Shares with more people than seats are left": lambda w: _seats(w, 3),
    "Shares a container that is being deleted": _going,
    "Shares what went through too many hands": _hands,
    "Sends a message with a link, by the API": lambda w: w.share(note="Look at evil.example/now"),
    "Looks at the visits as a guest": lambda w: w.of(w.box, "visits/", method="get", by=w.gina, format=None),
    "Looks at the activity as a guest": lambda w: happened.managed(w.gina, w.box.pk),
}
