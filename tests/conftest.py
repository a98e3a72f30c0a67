"""The cast and the parts: real PostgreSQL and Redis by `scripts/with-services`, a real simulator, a real engine."""

import os
import secrets
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone
from pytest_django import DjangoDbBlocker

from cloudflare import setup as cloudflare_setup
from cloudflare.models import Zone
from cloudflare.reconcile import connector
from containers import engine, loop
from containers.engine.memory import MemoryEngine
from containers.models import Template
from tenants import audit, triggers
from tenants.activity import vocabulary
from tenants.events import Action
from tenants.models import AuditEvent, Membership, Plan, Role, Tenant, User
from tests.parts import Cloud, docker_cleanup

# Each of the many processes of a run would else compile anew all that it imports, and pytest rewrite each module.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# A machine that is busy with other tests draws slowly, which says nothing about what is drawn.
hypothesis.settings.register_profile("suite", suppress_health_check=[hypothesis.HealthCheck.too_slow], deadline=None)
hypothesis.settings.load_profile("suite")


def pytest_configure(config: pytest.Config) -> None:
    if not os.environ.get("REDIS_URL") or not os.environ.get("DATABASE_URL"):
        raise pytest.UsageError("run the tests with: make test (or scripts/with-services .venv/bin/pytest …)")
    # Tests that commit truncate all tables behind them; test_audit puts this trigger back for itself.
    triggers.STATEMENTS["postgresql"] = triggers.POSTGRESQL_ROWS


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that commit come last, for they empty the tables behind them; of these the long ones first.

    Else one process would work on those alone at the end. The order within each of the three parts does not matter.
    """

    def part(item: pytest.Item) -> int:
        marker = item.get_closest_marker("django_db")
        commits = marker is not None and marker.kwargs.get("transaction", False)
        return 0 if not commits else 1 if "tests/crash/" in item.nodeid else 2

    items.sort(key=part)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings: None, django_db_blocker: DjangoDbBlocker) -> None:
    """Of a parallel run's processes the first one migrates a database; everybody's own is a copy of that."""
    if run := os.environ.get("PYTEST_XDIST_TESTRUNUID"):
        with django_db_blocker.unblock():
            connection.settings_dict["TEST"]["TEMPLATE"] = _migrated(f"template_{run}")


def _migrated(name: str) -> str:
    own = connection.settings_dict["NAME"]
    with connection._nodb_cursor() as server:
        server.execute("SELECT pg_advisory_lock(1)")  # until the connection ends
        server.execute("SELECT datname FROM pg_database WHERE datname LIKE 'template\\_%'")
        there = [datname for (datname,) in server.fetchall()]
        if name in there:
            return name
        for earlier in there:  # of runs on a server that outlived them
            server.execute(f'DROP DATABASE "{earlier}"')
        server.execute(f'CREATE DATABASE "{name}"')
        connection.settings_dict["NAME"] = name
        try:
            call_command("migrate", verbosity=0)
        finally:
            connection.close()
            connection.settings_dict["NAME"] = own
    return name


@pytest.fixture(scope="session", autouse=True)
def nobody_left_in_the_database(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Before it is dropped: threads of event loops, and programs that were killed, may still be connected."""
    yield
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        others = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        cursor.execute(f"SELECT pg_terminate_backend(pid) FROM ({others}) AS others")


@pytest.fixture(autouse=True)
def all_that_is_recorded_has_its_words(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whatever a test puts on record: people can read what each part of it is."""
    nameless: set[tuple[str, str]] = set()
    made = audit._event

    def noted(action: Action, *facts: Any) -> AuditEvent:
        event = made(action, *facts)
        nameless.update((action, key) for key in event.detail if not vocabulary.knows(action, key))
        return event

    monkeypatch.setattr(audit, "_event", noted)
    yield
    assert not nameless, "give them a label, in the module `deeds` of the app that records them"


@pytest.fixture(scope="session")
def cloud_process() -> Iterator[Cloud]:
    with Cloud.launch() as running:
        yield running


@pytest.fixture
def cloud(cloud_process: Cloud) -> Iterator[Cloud]:
    """A simulated Cloudflare with nothing in it, shared by the tests of a process one after the other."""
    cloud_process.reset()
    return cloud_process


@pytest.fixture
def mark(settings) -> str:
    """An installation of this test's own: its name is in everything that is made outside."""
    found = "t" + secrets.token_hex(2)
    settings.INSTALLATION = found
    return found


@pytest.fixture
def memory() -> Iterator[MemoryEngine]:
    """An engine that runs nothing, for whatever is about rows and Cloudflare."""
    found = MemoryEngine()
    engine.current.cache_clear()
    original, engine.current = engine.current, lambda: found
    yield found
    engine.current = original


@pytest.fixture
def zone(db, settings, cloud: Cloud, mark: str, monkeypatch: pytest.MonkeyPatch) -> Zone:
    """The installation at the simulated Cloudflare, its guard in place."""
    monkeypatch.setattr(connector, "FIRST_LOOKS", (0.0,))  # no connector runs on the engine in memory
    for name, value in cloud.settings().items():
        setattr(settings, name, value)
    settings.LEASE_SECONDS, settings.LINGER_SECONDS = 2.0, 0.0
    zone = cloudflare_setup.ensure_account()
    converge()
    return zone


@pytest.fixture
def template(db) -> Template:
    return Template.objects.create(slug="hello", name="Hello", image="warren/hello:latest", port=8080)


@pytest.fixture
def owner(db) -> User:
    return User.objects.create_user("alice@example.com", "secret", name="Alice")


@pytest.fixture
def stranger(db) -> User:
    return User.objects.create_user("charlie@example.com", "secret", name="Charlie")


@pytest.fixture
def tenant(owner: User) -> Tenant:
    return make_tenant("acme", owner, plan="enterprise")


def make_tenant(slug: str, owner: User, plan: str = "pro") -> Tenant:
    tenant = Tenant.objects.create(slug=slug, name=slug.title(), plan=Plan.objects.get(code=plan))
    Membership.objects.create(tenant=tenant, user=owner, role=Role.OWNER)
    return tenant


def converge(rounds: int = 60) -> None:
    """Pass over every due row, as the sweep and its workers would, until nothing is due."""
    for _ in range(rounds):
        due = [(controller.name, pk) for controller in _perhaps_due() for pk in controller.due()]
        if not due:
            return
        for name, pk in due:
            loop.run(name, pk)
    raise AssertionError(f"still due after {rounds} rounds: {due}")


def _perhaps_due() -> list[loop.Controller]:
    """The controllers with a row whose time has come, in one statement: to ask each takes longer than most passes."""
    asked = [(each, each.model._meta.db_table) for each in loop.controllers()]
    rows = (f"EXISTS (SELECT FROM {table} WHERE next_check_at <= %(now)s)" for _, table in asked)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(rows)}", {"now": timezone.now()})
        return [each for (each, _), found in zip(asked, cursor.fetchone(), strict=True) if found]


@pytest.fixture
def docker_mark(mark: str) -> Iterator[str]:
    """The mark, and everything with it taken off the real engine afterwards."""
    engine.current.cache_clear()
    yield mark
    docker_cleanup(mark)


@pytest.fixture
def root() -> Path:
    return Path(__file__).resolve().parent.parent
