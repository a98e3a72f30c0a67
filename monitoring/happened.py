"""The latest that happened to a container: what its engine saw, and what people did, as far as the reader may know."""

import datetime
from dataclasses import dataclass

from django.db.models import QuerySet

from containers.models import Container
from monitoring.models import Incident, Kind
from tenants.activity import vocabulary
from tenants.events import Action, Outcome
from tenants.models import AuditEvent

_BAD = {Kind.DIED, Kind.OOM, Kind.UNHEALTHY}
_ABOUT_ITSELF = "container:"


@dataclass(frozen=True, slots=True)
class Happening:
    """`who` did it; empty for what the engine saw."""

    at: datetime.datetime
    words: str
    who: str = ""
    bad: bool = False


def to(container: Container, most: int, *, by_people: bool) -> list[Happening]:
    """The newest first. What people did is for those who may read its record (`access.happened`)."""
    incidents = Incident.objects.filter(container=container)[:most]
    seen = [Happening(row.at, row.words, bad=row.kind in _BAD) for row in incidents]
    if by_people:
        done = _done(container)[:most]
        seen += [Happening(row.at, vocabulary.words(row.action), row.actor or "Warren") for row in done]
    return sorted(seen, key=lambda happening: happening.at, reverse=True)[:most]


def _done(container: Container) -> QuerySet[AuditEvent]:
    rows = AuditEvent.objects.filter(target_type=Container._meta.label_lower, target_id=str(container.pk))
    # That a terminal was closed follows from its opening, and would take the room of something else.
    return rows.filter(outcome=Outcome.DONE, action__startswith=_ABOUT_ITSELF).exclude(action=Action.TERMINAL_CLOSE)
