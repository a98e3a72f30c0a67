"""For the admin's first page: at Cloudflare somebody may still be in who should be out, and it does not get done."""

import datetime
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.db.models import Count, DateTimeField, Exists, Min, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce, Least
from django.urls import reverse
from django.utils import timezone
from django.utils.timesince import timesince

from access.models import Grant
from cloudflare.models import Publication, SignOut
from containers.models import Container
from tenants import attention
from tenants.attention import Attention

SOON = datetime.timedelta(seconds=10)  # it takes a few seconds where nothing is wrong
LATE = datetime.timedelta(seconds=60)  # after which somebody ought to have come to it
SHOWN = 20
NAMED = 2
END = Coalesce("ended_at", "expires_at")  # of a grant; noted or not


def items() -> list[Attention]:
    return [*_still_in(), *_sign_outs()]


def _still_in() -> Iterator[Attention]:
    """One for each container, however many people and addresses it is about; then how many more there are."""
    found = _owing()
    shown = list(found[: SHOWN + 1])
    people, living = _people(shown[:SHOWN]), _living(shown[:SHOWN])
    for container in shown[:SHOWN]:
        yield _item(container, people[container.pk], living[container.pk])
    if len(shown) > SHOWN:
        yield Attention(
            title=f"People may still get into {found.count() - SHOWN} more containers",
            detail="Their access has ended here, and not at the edge yet.",
            since=_since(shown[SHOWN]),
            url=reverse("admin:access_grant_changelist", query={"state": "ending"}),
        )


def _owing() -> QuerySet[Container]:
    """Those whose edge has yet to shut somebody out, `since` then, and fails to, or takes longer than is usual."""
    here = {"container": OuterRef("pk")}
    over, edge = _over().filter(**here).order_by(), _at_the_edge().filter(**here)
    ended = over.values("container").annotate(first=Min(END)).values("first")
    lost = edge.values("container").annotate(first=Min("revoking_since")).values("first")
    containers = Container.objects.annotate(
        ended=Subquery(ended, output_field=DateTimeField()), lost=Subquery(lost, output_field=DateTimeField())
    ).annotate(since=Least(Coalesce("ended", "lost"), Coalesce("lost", "ended")))
    worth_a_look = Q(since__lt=timezone.now() - SOON) | Exists(edge.exclude(code=""))
    return containers.filter(worth_a_look, since__isnull=False).order_by("since", "pk")


def _over() -> QuerySet[Grant]:
    """Grants that have ended, whether or not anybody noted that, and that may let somebody in all the same."""
    return Grant.objects.over().filter(out_at=None)


def _at_the_edge() -> QuerySet[Publication]:
    return Publication.objects.filter(gone_at=None).exclude(app_id="")


def _people(containers: Sequence[Container]) -> dict[Any, list[str]]:
    found: dict[Any, list[str]] = defaultdict(list)
    for key, email in _over().filter(container__in=containers).order_by(END, "pk").values_list("container", "email"):
        found[key].append(email)
    return found


def _living(containers: Sequence[Container]) -> dict[Any, list[Publication]]:
    """Their publications; what fails comes first."""
    found: dict[Any, list[Publication]] = defaultdict(list)
    for row in _at_the_edge().filter(container__in=containers).order_by("-code", "pk"):
        found[row.container_id].append(row)
    return found


def _item(container: Container, people: Sequence[str], living: Sequence[Publication]) -> Attention:
    row, since = next(iter(living), None), _since(container)
    lasted = timezone.now() - since
    if row and row.code:
        why = row.message
    elif lasted > LATE:
        why = "No worker has come to it yet: look whether they run."
    else:
        why = "It is being done."
    if row:
        url = reverse("admin:cloudflare_publication_change", args=[row.pk])
    else:
        here = {"state": "ending", "container__id__exact": str(container.pk)}
        url = reverse("admin:access_grant_changelist", query=here)
    return Attention(
        title=f"{_named(people) or 'Somebody who lost access'} may still get into {row.hostname if row else container}",
        detail=f"For {_written(lasted)}. {why}",
        since=since,
        url=url,
    )


def _sign_outs() -> Iterator[Attention]:
    """One for each account."""
    failing = SignOut.objects.exclude(code="")
    accounts = failing.order_by().values_list("account").annotate(first=Min("created_at"), count=Count("pk"))
    for account, first, count in accounts.order_by("first"):
        rows = list(failing.filter(account_id=account).order_by("created_at", "pk")[:NAMED])
        if count == 1:
            url = reverse("admin:cloudflare_signout_change", args=[rows[0].pk])
        else:
            url = reverse("admin:cloudflare_signout_changelist", query={"account__id__exact": str(account)})
        yield Attention(
            title=f"{_named([row.email for row in rows], count)} could not be signed out at Cloudflare",
            detail=rows[0].message,
            since=first,
            url=url,
        )


def _since(container: Any) -> datetime.datetime:
    since: datetime.datetime = container.since
    return since


def _named(people: Iterable[str], count: int | None = None) -> str:
    """Some of them by address; `count`: how many there are, where not all of them are given."""
    known = list(dict.fromkeys(people))
    more = (len(known) if count is None else count) - NAMED
    if more > 0:
        return f"{', '.join(known[:NAMED])} and {more} more"
    return " and ".join(known)


def _written(lasted: datetime.timedelta) -> str:
    seconds = int(lasted.total_seconds())
    return f"{seconds} s" if seconds < 120 else timesince(timezone.now() - lasted)


attention.register(items)
