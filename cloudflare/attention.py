"""For the admin's first page: at Cloudflare somebody may still be in who should be out, and it does not get done."""

import datetime
from collections.abc import Iterator

from django.db.models import DateTimeField, Min, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce, Least
from django.urls import reverse
from django.utils import timezone

from access.models import Grant
from cloudflare.models import Publication, SignOut
from tenants import attention
from tenants.attention import Attention

LATE = datetime.timedelta(seconds=60)  # after which it is worth a look, though nothing was said to fail


def items() -> list[Attention]:
    return [*_publications(), *_sign_outs()]


def _publications() -> Iterator[Attention]:
    """Those that have yet to shut somebody out, and failed to, or were not even tried for a while."""
    ended = Grant.objects.filter(container=OuterRef("container"), ended_at__isnull=False, out_at=None)
    first = ended.order_by().values("container").annotate(first=Min("ended_at")).values("first")
    owing = (
        Publication.objects.filter(gone_at=None)
        .exclude(app_id="")
        .annotate(ended=Subquery(first, output_field=DateTimeField()))
        .annotate(since=Least(Coalesce("ended", "revoking_since"), Coalesce("revoking_since", "ended")))
        .filter(since__isnull=False)
    )
    for row in owing.filter(~Q(code="") | Q(since__lt=timezone.now() - LATE)).order_by("since"):
        yield Attention(
            title=f"Somebody who lost access to {row.hostname} may still get in",
            detail=row.message or "No worker has come to it yet: look whether they run.",
            since=row.since,
            url=reverse("admin:cloudflare_publication_change", args=[row.pk]),
        )


def _sign_outs() -> Iterator[Attention]:
    for row in SignOut.objects.exclude(code="").order_by("created_at"):
        yield Attention(
            title=f"{row.email} could not be signed out at Cloudflare",
            detail=row.message,
            since=row.created_at,
            url=reverse("admin:cloudflare_signout_change", args=[row.pk]),
        )


attention.register(items)
