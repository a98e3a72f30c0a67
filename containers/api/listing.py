"""The list of containers, written for speed: what `ContainerListSerializer` gives, from hand-picked columns.

The fields are the serializer's. One that is a column of `Container` needs nothing here; one that comes from elsewhere
needs a line in `_COLUMNS`, and one that is derived a line in `_body`. A test compares both for every lifecycle.
"""

import datetime
import uuid
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from django.conf import settings
from django.db.models import QuerySet

from containers import conditions, lifecycle
from containers.api.serializers import ContainerListSerializer
from containers.models import Container

_DERIVED = {"url", "lifecycle", "health", "ready"}
_COLUMNS = {"tenant": "tenant__slug", "template": "template__slug"}
_NAMES = tuple(name for name in ContainerListSerializer.Meta.fields if name not in _DERIVED)


class _Facts(NamedTuple):
    """What `lifecycle.facts` reads of a container and its status, in the order of `_FACTS`."""

    desired: str
    generation: int
    wanted_since: datetime.datetime
    deleted_at: datetime.datetime | None
    observed_generation: int
    state: str
    attempts: int
    failures: int
    code: str
    retrying: bool


_OF_CONTAINER = {"desired", "generation", "wanted_since", "deleted_at"}
_FACTS = tuple(name if name in _OF_CONTAINER else f"status__{name}" for name in _Facts._fields)


def rows(containers: QuerySet[Container]) -> QuerySet[Container, tuple[Any, ...]]:
    """The columns of these containers; `bodies` makes the answer of them."""
    columns = (_COLUMNS.get(name, name) for name in _NAMES)
    return containers.annotate(met=conditions.met()).values_list(*columns, *_FACTS, "met")


def bodies(found: Iterable[tuple[Any, ...]]) -> list[dict[str, Any]]:
    url: Callable[..., str] = str(settings.CONTAINER_URL).format
    return [_body(row, url) for row in found]


def _body(row: tuple[Any, ...], url: Callable[..., str]) -> dict[str, Any]:
    count = len(_NAMES)
    body = {name: _plain(value) for name, value in zip(_NAMES, row, strict=False)}
    facts = _Facts._make(row[count:-1])
    phase, health = lifecycle.judge(lifecycle.facts(facts, facts), ready=row[-1] == conditions.count())
    ready = health is lifecycle.Health.HEALTHY
    return body | {"url": url(hostname=body["hostname"]), "lifecycle": phase, "health": health, "ready": ready}


def _plain(value: Any) -> Any:
    """As the serializer's fields write it."""
    if isinstance(value, datetime.datetime):
        return value.isoformat().replace("+00:00", "Z")
    return str(value) if isinstance(value, uuid.UUID) else value
