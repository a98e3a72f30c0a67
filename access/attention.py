"""For the admin's first page: whose access has ended in Warren, and not for certain at the edge."""

import datetime
from collections.abc import Iterator

from django.db.models import F
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils import timezone
from django.utils.timesince import timesince

from access import states
from access.models import Grant
from tenants import attention
from tenants.attention import Attention

SOON = datetime.timedelta(seconds=10)  # it takes a few seconds where nothing is wrong
SHOWN = 20


@attention.register
def still_in() -> Iterator[Attention]:
    """The longest first, twenty of them; then how many more there are."""
    now = timezone.now()
    late = Grant.objects.over().filter(out_at=None).annotate(over=Coalesce(F("ended_at"), F("expires_at")))
    late = late.filter(over__lt=now - SOON).order_by("over", "pk")
    found = list(late.select_related("container")[: SHOWN + 1])
    for grant in found[:SHOWN]:
        state, since = states.of(grant)
        yield Attention(
            title=f"{grant.email} may still get into {grant.container}",
            detail=f"{state.capitalize()} for {_written(now - since)}. It is tried again by itself; the publication of "
            "this hostname says why it fails.",
            since=since,
            url=reverse("admin:access_grant_change", args=[grant.pk]),
        )
    if len(found) > SHOWN:
        yield Attention(
            title=f"{late.count() - SHOWN} more people may still get in",
            detail="Their access has ended in Warren as well, and not at the edge yet.",
            since=states.of(found[SHOWN])[1],
            url=reverse("admin:access_grant_changelist", query={"state": "ending"}),
        )


def _written(lasted: datetime.timedelta) -> str:
    seconds = int(lasted.total_seconds())
    return f"{seconds} s" if seconds < 120 else timesince(timezone.now() - lasted)
