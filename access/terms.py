"""For how long a grant may last: what the plan allows, and no longer than the grant of a guest who gives it."""

import datetime
from enum import Enum
from typing import Final

from django.utils import timezone

from access.models import Grant
from tenants import figures
from tenants.models import Plan
from tenants.refusal import Refused
from tenants.words import gettext as _
from tenants.words import ngettext

DEFAULT = datetime.timedelta(days=7)
# Ends go no further: in somebody's zone the last moments of the calendar are beyond it, and no row of them can be read.
LAST = datetime.datetime(9000, 1, 1, tzinfo=datetime.UTC)
_DAYS = 365_000  # of a plan that allows more than the calendar has


class Unset(Enum):
    """What was not said, as apart from None, which is said."""

    UNSET = "unset"


UNSET: Final = Unset.UNSET
End = datetime.datetime | None  # None: without end


def end(wanted: End | Unset, plan: Plan, own: Grant | None, before: Grant | None = None) -> End:
    """When the grant is to end. `own` is the giver's, if they are a guest; `before` the grant as it was.

    Nothing said: a week from now, or what is allowed if that is less; one that lasts longer already stays as it is.
    Raises `Refused`: `expiry_past`, `expiry_needed`, `expiry_too_far`, `grant_outlasts`.
    """
    now = timezone.now()
    if isinstance(wanted, Unset):
        usual = min([now + DEFAULT, *limits(plan, own, now)])
        return usual if before is None else _later(usual, before.expires_at)
    if before and wanted == before.expires_at:
        return wanted  # what was allowed once is not asked for anew
    if wanted is not None and wanted <= now:
        raise Refused("expiry_past", _("That moment has passed; choose a later end."), field="expires_at")
    if wanted is not None and wanted >= LAST:
        raise Refused("expiry_too_far", _("Choose an end before the year 9000, or none at all."), field="expires_at")
    if own and own.expires_at and (wanted is None or wanted > own.expires_at):
        raise Refused(
            "grant_outlasts",
            _("Your own access ends at %(expires_at)s; choose an end that is no later.")
            % {"expires_at": written(own.expires_at)},
            field="expires_at",
            limit=own.expires_at.isoformat(),
        )
    if latest := _latest(plan, now):
        _within(plan, wanted, latest)
    return wanted


def limits(plan: Plan, own: Grant | None, now: datetime.datetime) -> list[datetime.datetime]:
    """The ends that no grant of this giver may pass: the plan's, and that of their own grant."""
    return [end for end in (_latest(plan, now), own and own.expires_at) if end]


def _latest(plan: Plan, now: datetime.datetime) -> End:
    return None if plan.grant_days is None else now + datetime.timedelta(days=min(plan.grant_days, _DAYS))


def _within(plan: Plan, wanted: End, latest: datetime.datetime) -> None:
    count = plan.grant_days or 0
    days = ngettext("%(count)s day", "%(count)s days", count) % {"count": count}
    if wanted is None:
        raise Refused(
            "expiry_needed",
            _("The plan %(plan)s wants an end for each access, within %(days)s; choose one.")
            % {"plan": plan, "days": days},
            field="expires_at",
            limit=latest.isoformat(),
        )
    # A minute's grace: whoever asks for just as many days reckons from a moment ago, by another clock.
    if wanted > latest + datetime.timedelta(minutes=1):
        raise Refused(
            "expiry_too_far",
            _("The plan %(plan)s allows access for %(days)s; choose an end before %(latest)s.")
            % {"plan": plan, "days": days, "latest": written(latest)},
            field="expires_at",
            limit=latest.isoformat(),
        )


def _later(usual: datetime.datetime, before: End) -> End:
    return None if before is None else max(usual, before)


def written(moment: datetime.datetime) -> str:
    return figures.moment(moment)
