"""The list of containers, written for speed: what `ContainerListSerializer` gives, from hand-picked columns.

The fields are the serializer's. One that is a column of `Container` needs nothing here; one that comes from elsewhere
needs a line in `_COLUMNS`, and one that is derived a line in `_body`. A test compares both for every lifecycle.
"""

import datetime
import uuid
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any, NamedTuple

from django.conf import settings
from django.db import connection, models

from containers import conditions, lifecycle
from containers.api.serializers import ContainerListSerializer
from containers.models import Container

_DERIVED = {"url", "lifecycle", "health", "ready"}
_COLUMNS = {"tenant": "tenant__slug", "template": "template__slug"}
_NAMES = tuple(name for name in ContainerListSerializer.Meta.fields if name not in _DERIVED)


_WRITERS: dict[type[Any], Callable[[Any], str]] = {
    models.UUIDField: str,
    models.DateTimeField: lambda moment: moment.isoformat().replace("+00:00", "Z"),
}
# What JSON has no word for, and how the serializer's fields write it.
_WRITTEN = [
    (name, _WRITERS[kind])
    for name in _NAMES
    if name not in _COLUMNS and (kind := type(Container._meta.get_field(name))) in _WRITERS
]


class _Facts(NamedTuple):
    """What `lifecycle.facts` and `url` read of a container and its status, in the order of `_FACTS`."""

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
    suspended: bool
    hostname: str


_OF_CONTAINER = {"desired", "generation", "wanted_since", "deleted_at", "suspended"}
_FACTS = tuple(name if name in _OF_CONTAINER else f"status__{name}" for name in _Facts._fields)


def bodies(keys: Sequence[uuid.UUID]) -> list[dict[str, Any]]:
    """What is answered of these containers, in this order, by one query."""
    found = {row[0]: row for row in _rows(keys)}
    url: Callable[..., str] = str(settings.CONTAINER_URL).format
    return [_body(found[key], url) for key in keys if key in found]


def _rows(keys: Sequence[uuid.UUID]) -> Iterable[Sequence[Any]]:
    if not keys:
        return
    statement, parameters, converters = _compiled(connection.vendor)
    to_database = Container._meta.pk.get_db_prep_value
    places = ", ".join(["%s"] * len(keys))
    with connection.cursor() as cursor:
        cursor.execute(f"{statement} ({places})", [*parameters, *(to_database(key, connection) for key in keys)])
        for row in cursor.fetchall():
            if not converters:  # PostgreSQL gives what Python needs
                yield row
                continue
            values = list(row)
            for place, (functions, expression) in converters.items():
                for function in functions:
                    values[place] = function(values[place], expression, connection)
            yield values


@cache
def _compiled(vendor: str) -> tuple[str, tuple[Any, ...], dict[int, Any]]:
    """The query up to its keys, for a kind of database: to compile it anew would cost more than to run it."""
    columns = (_COLUMNS.get(name, name) for name in _NAMES)
    rows = Container.objects.order_by().annotate(met=conditions.met()).values_list(*columns, *_FACTS, "met")
    compiler = rows.query.get_compiler(connection=connection)
    statement, parameters = compiler.as_sql()
    key = f"{connection.ops.quote_name(Container._meta.db_table)}.{connection.ops.quote_name('id')}"
    converters = compiler.get_converters([column for column, *_ in compiler.select])
    return f"{statement} WHERE {key} IN", tuple(parameters), converters


def _body(row: Sequence[Any], url: Callable[..., str]) -> dict[str, Any]:
    count = len(_NAMES)
    body: dict[str, Any] = dict(zip(_NAMES, row, strict=False))
    for name, write in _WRITTEN:
        if body[name] is not None:
            body[name] = write(body[name])
    facts = _Facts._make(row[count:-1])
    phase, health = lifecycle.judge(lifecycle.facts(facts, facts), ready=row[-1] == conditions.count())
    ready = health is lifecycle.Health.HEALTHY
    return body | {
        "url": url(hostname=facts.hostname or body["hostname"]),
        "lifecycle": phase,
        "health": health,
        "ready": ready,
    }
