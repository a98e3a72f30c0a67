"""The latest that happened to a container: what its engine saw, and what people did, as far as the reader may know."""

import datetime
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from containers.models import Container
from monitoring.models import Incident, Kind
from tenants.events import Action, Outcome
from tenants.models import AuditEvent

_BAD = {Kind.DIED, Kind.OOM, Kind.UNHEALTHY}
_DONE = {
    Action.CONTAINER_CREATE: gettext_lazy("created by %(who)s"),
    Action.CONTAINER_START: gettext_lazy("started by %(who)s"),
    Action.CONTAINER_STOP: gettext_lazy("stopped by %(who)s"),
    Action.CONTAINER_RESTART: gettext_lazy("restarted by %(who)s"),
    Action.CONTAINER_RENAME: gettext_lazy("renamed by %(who)s"),
    Action.CONTAINER_RETRY: gettext_lazy("tried again by %(who)s"),
    Action.CONTAINER_DELETE: gettext_lazy("deletion asked for by %(who)s"),
    Action.CONTAINER_CHANGE: gettext_lazy("settings changed by %(who)s"),
    Action.CONTAINER_RECREATE: gettext_lazy("recreated by %(who)s"),
    Action.CONTAINER_EXPORT: gettext_lazy("download of its data asked for by %(who)s"),
    Action.CONTAINER_IMPORT: gettext_lazy("data replaced by %(who)s"),
    Action.CONTAINER_DOWNLOAD: gettext_lazy("data downloaded by %(who)s"),
    Action.TERMINAL_OPEN: gettext_lazy("terminal opened by %(who)s"),
    Action.CONTAINER_FIT: gettext_lazy("brought within the plan by %(who)s"),
}


@dataclass(frozen=True, slots=True)
class Happening:
    at: datetime.datetime
    words: str
    bad: bool = False


def to(container: Container, most: int, *, by_people: bool) -> list[Happening]:
    """The newest first. What people did is for those who may read its record (`access.happened`)."""
    seen = [
        Happening(row.at, row.words, row.kind in _BAD) for row in Incident.objects.filter(container=container)[:most]
    ]
    if by_people:
        seen += [Happening(row.at, _worded(row)) for row in _done(container)[:most]]
    return sorted(seen, key=lambda happening: happening.at, reverse=True)[:most]


def _done(container: Container) -> Any:
    rows = AuditEvent.objects.filter(target_type=Container._meta.label_lower, target_id=str(container.pk))
    return rows.filter(outcome=Outcome.DONE, action__in=list(_DONE))


def _worded(row: AuditEvent) -> str:
    return str(_DONE[Action(row.action)]) % {"who": row.actor or _("Warren")}
