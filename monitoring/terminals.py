"""Who may open a terminal: asked under locks, counted, and on record, whether or not they may."""

import uuid
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy

from containers import visibility
from containers.going import require_staying
from containers.models import Container
from monitoring.models import Terminal, TerminalQuerySet
from tenants import audit
from tenants.events import Action
from tenants.models import User
from tenants.origin import Origin, origin
from tenants.refusal import Refused
from tenants.standing import require_running
from tenants.words import gettext as _

PER_CONTAINER = 20  # open at once
STUCK = "stuck"  # stands instead of how it ended, while it does not
READS_ONLY = gettext_lazy("This token may only read; use one that may write.")


def begin(container: Container, *, actor: User, ip: str | None, writes: bool = True) -> Terminal:
    """The row of a new terminal, which an agent is to be asked for. `writes`: False for a token that may only read.

    Raises `Refused`: `permission_denied`, `terminals_limit`, `being_deleted`, `tenant_suspended`.
    """
    facts: dict[str, Any] = {"actor": actor, "target": container, "tenant": container.tenant}
    here = origin.set(Origin(ip=ip))
    try:
        with audit.refusals(Action.TERMINAL_OPEN, **facts), transaction.atomic():
            # Persons before containers, as whoever closes an account locks them.
            person = User.objects.locked().get(pk=actor.pk)
            row = Container.objects.select_for_update(of=("self",)).select_related("tenant").get(pk=container.pk)
            visibility.require(person, row, "shell")
            if not writes:
                raise Refused("permission_denied", READS_ONLY, status=403)
            require_staying(row)
            require_running(row.tenant)
            _require_room(person, row)
            made = Terminal.objects.create(container=row, user=person, who=person.email, ip=ip)
            audit.record(Action.TERMINAL_OPEN, **facts, terminal=str(made.pk))
    finally:
        origin.reset(here)
    return made


def never_begun(terminal: Terminal, how: str) -> None:
    """No agent took it up. One that does so after all finds that it is over."""
    end(Terminal.objects.filter(pk=terminal.pk, exec_id=""), how)


def end(rows: TerminalQuerySet, how: str) -> None:
    """Of these the open ones are over; each is put on record, once."""
    with transaction.atomic():
        for row in rows.open().select_for_update(of=("self",)).select_related("container__tenant").order_by("pk"):
            row.ended_at, row.ended_how = timezone.now(), how
            row.save(update_fields=["ended_at", "ended_how"])
            facts: dict[str, Any] = {"target": row.container, "tenant": row.container.tenant}
            audit.record(Action.TERMINAL_CLOSE, actor=None, **facts, terminal=str(row.pk), who=row.who, how=how)


def stuck(keys: Iterable[uuid.UUID]) -> None:
    """Their shells can't be ended for now, which is their container's fault, and counts there alone."""
    Terminal.objects.open().filter(pk__in=keys).update(ended_how=STUCK)


def _require_room(person: User, container: Container) -> None:
    """Hold both locks, so that two at once count one after the other."""
    yours = _("You have %(used)s terminals open, and no more than %(limit)s can be; close one first.")
    its = _("This container has %(used)s terminals open, and no more than %(limit)s can be; close one first.")
    for rows, limit, words in (
        (Terminal.objects.filter(user=person).exclude(ended_how=STUCK), settings.TERMINALS_PER_PERSON, yours),
        (Terminal.objects.filter(container=container), PER_CONTAINER, its),
    ):
        if (used := rows.open().count()) >= limit:
            raise Refused(
                "terminals_limit",
                words % {"used": used, "limit": limit},
                status=429,
                limit=limit,
                used=used,
            )
