"""What was seen at the edge, put down on the grants: the only proof that somebody is in, or out."""

import datetime
from collections.abc import Collection, Sequence
from typing import Any

from django.utils import timezone

from access import entry, letters
from access.models import Grant
from containers.models import Container
from tenants import audit
from tenants.events import Action


def seen(container_pk: Any, let_in: Collection[str] | None, may_be_in: Collection[str] | None) -> None:
    """Note what holds now; first thing in the transaction that writes down the pass which saw it.

    `let_in`: the addresses that the policy over the container's address was read back to admit; None: nothing was
    seen of it. `may_be_in`: those that one of its addresses may still let in, be it by a session that has not ended;
    None: that is not known.
    """
    # Whoever decides about grants waits: what is judged here is what is wanted when it is written down.
    container = Container.objects.select_for_update(of=("self",)).select_related("tenant").get(pk=container_pk)
    now, by_right = timezone.now(), set(entry.policy(container).emails)
    inside: list[Grant] = []
    outside: list[Grant] = []
    out: list[Grant] = []
    for grant in Grant.objects.unsettled().filter(container=container_pk):
        grant.container = container
        if grant.ended_at is None:
            if let_in is not None and (grant.email in let_in) != bool(grant.active_at):
                (outside if grant.active_at else inside).append(grant)
        elif may_be_in is not None and (grant.email not in may_be_in or grant.email in by_right):
            # Where the address may come in all the same, it is by another right than this one.
            out.append(grant)
    _write(outside, active_at=None)
    _write(inside, active_at=now)
    _write(out, out_at=now)
    for action, grants in ((Action.GRANT_ACTIVE, inside), (Action.GRANT_OUT, out)):
        if grants:
            facts = ((grant, {"email": grant.email}) for grant in grants)
            audit.record_many(action, facts, actor=None, tenant=container.tenant)
    letters.invite(inside)


def _write(grants: Sequence[Grant], **fields: datetime.datetime | None) -> None:
    if grants:
        Grant.objects.filter(pk__in=[grant.pk for grant in grants]).update(**fields)
