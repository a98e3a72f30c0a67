"""History on both databases: PostgreSQL, and SQLite in memory with the few tables that this is about."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connections
from django.db.utils import ConnectionHandler

from containers.models import Container, Template
from monitoring.models import History
from tenants.models import Tenant

NOW = 1_800_000_000  # a quarter of an hour begins


def row(container: Any, at: int, resolution: int = 10, **more: Any) -> History:
    facts = {
        "samples": 10,
        "cpu_samples": 10,
        "cpu": 50.0,
        "cpu_max": 80.0,
        "memory": 1000,
        "memory_max": 2000,
        "pids": 3,
    }
    moved = {"rx": 1, "tx": 2, "read": 3, "write": 4}
    return History(
        container_id=getattr(container, "pk", container), resolution=resolution, at=at, **facts | moved | more
    )


def box(tenant: Tenant, template: Template, name: str = "box") -> Container:
    sizes = {"memory": 2**27, "cpu": 250, "storage": 2**30}
    hostname = f"{name}-{tenant.slug}.example"
    return Container.objects.create(
        tenant=tenant, template=template, name=name, hostname=hostname, image="hello", port=80, **sizes
    )


@pytest.fixture(params=["postgresql", "sqlite"])
def boxes(request: pytest.FixtureRequest) -> list[UUID]:
    """Keys of two containers, in either database."""
    if request.param == "sqlite":
        request.getfixturevalue("sqlite")
        return [uuid4(), uuid4()]
    tenant, template = request.getfixturevalue("tenant"), request.getfixturevalue("template")
    return [box(tenant, template, name).pk for name in ("one", "two")]


@pytest.fixture
def sqlite(db: None) -> Iterator[None]:
    """The default database is one of SQLite, where references lead nowhere."""
    facts = {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}
    lite, original = ConnectionHandler({"default": facts})["default"], connections["default"]
    connections["default"] = lite
    try:
        lite.disable_constraint_checking()
        with lite.schema_editor() as editor:
            editor.create_model(History)
        lite.disable_constraint_checking()
        yield
    finally:
        connections["default"] = original
        lite.close()
