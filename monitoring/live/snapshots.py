"""What sockets are told of containers: whole, as JSON, the same words as the API has. Reads the database."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Prefetch
from rest_framework.utils.encoders import JSONEncoder

from access import levels, visits
from access.api.serializers import GrantSerializer
from access.models import Grant
from containers.api.serializers import ContainerSerializer
from containers.models import Container

STATE = (
    *("id", "name", "label", "hostname", "url", "desired", "lifecycle", "health", "ready"),
    *("conditions", "error", "notices"),
)
GRANTS = 100  # of one container in a message, the newest; the API has them all


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Messages by kind; `inside` for members, `outside` for guests, who are told no words of what goes on within."""

    inside: dict[str, str]
    outside: dict[str, str]


def of(keys: Iterable[str]) -> dict[str, Snapshot]:
    """By the containers' keys; without those that are gone. Three statements."""
    grants = Prefetch("grants", visits.with_last(Grant.objects.unsettled()), "grants_now")
    rows = (
        Container.objects.living()
        .filter(pk__in=list(keys))
        .select_related("tenant", "template", "status")
        .prefetch_related("conditions", grants)
    )
    return {str(row.pk): _snapshot(row) for row in rows}


def _snapshot(row: Container) -> Snapshot:
    now: list[Grant] = row.grants_now  # type: ignore[attr-defined]  # prefetched above
    open_ones = [grant for grant in now if grant.ended_at is None]
    given = GrantSerializer(open_ones[:GRANTS], many=True).data
    grants = message("grants", row, grants=given, count=len(open_ones), leaving=len(now) - len(open_ones))
    shown = (ContainerSerializer(row, context={"held": held}).data for held in (levels.ALL, frozenset()))
    return Snapshot(*({**_told(row, each), "grants": grants} for each in shown))


def _told(row: Container, shown: dict[str, Any]) -> dict[str, str]:
    status = row.status
    engine = {"state": status.state, "started_at": status.started_at or None, "exit_code": status.exit_code}
    state = {name: shown[name] for name in STATE if name != "id"} | engine | {"oom_killed": status.oom_killed}
    return {"state": message("state", row, **state), "steps": message("steps", row, steps=shown["steps"])}


def message(kind: str, row: Container, **facts: Any) -> str:
    return json.dumps({"type": kind, "container": str(row.pk), **facts}, cls=JSONEncoder, separators=(",", ":"))
