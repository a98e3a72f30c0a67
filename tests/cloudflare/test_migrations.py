"""What was published before containers could have several hostnames stays so, on PostgreSQL and on SQLite."""

import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

SCRIPT = """
import django
django.setup()
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.db.migrations.executor import MigrationExecutor

targets = [("containers", "0004_engine_name"), ("cloudflare", "0003_initial"), ("tenants", "0002_plans")]
apps = MigrationExecutor(connection).migrate(targets).apps
make = lambda model, **fields: apps.get_model(*model.split(".")).objects.create(**fields)
account = make("cloudflare.Account", name="One", account_id="a1", api_token="secret")
zone = make("cloudflare.Zone", account=account, zone_id="z1", domain="example.com")
tenant = make("tenants.Tenant", slug="acme", name="Acme", plan=apps.get_model("tenants", "Plan").objects.first())
tunnel = make("cloudflare.Tunnel", tenant=tenant, account=account, tunnel_id="t1", secret="s1")
template = make("containers.Template", slug="hello", name="Hello", image="hello")
for name, more in {
    "up": {"route": "in", "routed_in": "t1", "app_id": "app", "record_id": "r1", "record_target": "t1", "rings": 7},
    "new": {},
    "gone": {"route": "out", "gone_at": "2026-11-01T00:00:00Z"},
}.items():
    container = make(
        "containers.Container", tenant=tenant, template=template, name=name, hostname=f"{name}-acme.example.com",
        engine_name=name, image="hello", port=80, memory=1, cpu=1, storage=1,
        deleted_at=more.get("gone_at"),
    )
    make("containers.ContainerStatus", container=container)
    make("cloudflare.Publication", container=container, zone=zone, tunnel=tunnel, hostname=container.hostname, **more)

call_command("migrate", verbosity=0)
from cloudflare.models import Publication
from containers.models import Container

rows = {row.container.name: row for row in Publication.objects.select_related("container__status", "zone", "tunnel")}
assert sorted(row.pk for row in rows.values()) == [1, 2, 3]
up = rows["up"]
assert (up.route, up.app_id, up.record_target, up.rings) == ("in", "app", "t1", 7)
assert (up.zone.domain, up.tunnel.tunnel_id, up.leaves_at, up.gone_at) == ("example.com", "t1", None, None)
assert {name: row.container.status.hostname for name, row in rows.items()} == {
    "up": "up-acme.example.com", "new": "", "gone": ""
}
assert rows["gone"].gone_at and rows["new"].wanted
facts = {"container": up.container, "zone": up.zone, "tunnel": up.tunnel}
Publication.objects.create(hostname="gone-acme.example.com", **facts)
try:
    with transaction.atomic():
        Publication.objects.create(hostname=up.hostname, **facts)
except IntegrityError:
    print("as before")
"""


@pytest.fixture(params=["postgresql", "sqlite"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/db.sqlite3"
    url, name = os.environ["DATABASE_URL"], f"migrated_{os.getpid()}"
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(f"DROP DATABASE IF EXISTS {name}")
        server.execute(f"CREATE DATABASE {name}")
    return urlsplit(url)._replace(path=f"/{name}").geturl()


def test_what_is_published_stays_so(database: str, root: Path) -> None:
    env = {**os.environ, "DATABASE_URL": database, "DJANGO_SETTINGS_MODULE": "tests.settings"}

    command = [sys.executable, "-c", SCRIPT]
    done = subprocess.run(command, cwd=root, env=env, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "as before"
