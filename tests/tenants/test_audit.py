"""What was put on record stays on record, whoever writes SQL."""

import datetime
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import Error, IntegrityError, connection, transaction
from django.utils import timezone

from tenants import audit, triggers
from tenants.events import Action
from tenants.models import AuditEvent, AuditPruning
from tenants.tasks import prune_audit
from tests.up import migrated

WHY = "audit rows are neither changed nor deleted"


@pytest.fixture
def event(db: None) -> AuditEvent:
    return audit.record(Action.SIGN_IN, actor=None)


def attempts() -> dict[str, Callable[[], object]]:
    def sql(statement: str) -> Callable[[], object]:
        return lambda: connection.cursor().execute(statement)

    return {
        "update": lambda: AuditEvent.objects.update(actor="nobody"),
        "delete": lambda: AuditEvent.objects.all().delete(),
        "raw update": sql("UPDATE tenants_auditevent SET outcome = 'done'"),
        "raw delete": sql("DELETE FROM tenants_auditevent"),
        "truncate": sql("TRUNCATE tenants_auditevent"),
    }


@pytest.mark.parametrize("how", attempts())
def test_a_row_is_neither_changed_nor_deleted(how: str, event: AuditEvent) -> None:
    connection.cursor().execute(triggers.POSTGRESQL_TABLE)
    with pytest.raises(IntegrityError, match=WHY), transaction.atomic():
        attempts()[how]()
    assert AuditEvent.objects.get().actor == event.actor


def test_pruning_takes_what_is_old_and_says_so(event: AuditEvent, settings) -> None:
    old = audit.record(Action.SIGN_OUT, actor=None)
    connection.cursor().execute("ALTER TABLE tenants_auditevent DISABLE TRIGGER audit_rows_stay")
    AuditEvent.objects.filter(pk=old.pk).update(at=timezone.now() - datetime.timedelta(days=31))
    connection.cursor().execute("ALTER TABLE tenants_auditevent ENABLE TRIGGER audit_rows_stay")
    settings.AUDIT_DAYS = 0
    prune_audit()
    assert AuditEvent.objects.count() == 2
    settings.AUDIT_DAYS = 30
    prune_audit()
    left = {row.action: row.detail for row in AuditEvent.objects.all()}
    assert set(left) == {Action.SIGN_IN, Action.AUDIT_PRUNE}
    assert left[Action.AUDIT_PRUNE]["rows"] == 1
    assert not AuditPruning.objects.exists()
    with pytest.raises(IntegrityError), transaction.atomic():
        AuditEvent.objects.all().delete()


def test_even_while_pruning_nothing_is_changed(event: AuditEvent) -> None:
    AuditPruning.objects.create()
    with pytest.raises(Error), transaction.atomic():
        AuditEvent.objects.update(actor="nobody")


def test_the_same_on_sqlite(tmp_path: Path) -> None:
    """Migrated as an embedded installation is, in a process of its own."""
    migrated.put(tmp_path / "db.sqlite3", tmp_path)
    with sqlite3.connect(tmp_path / "db.sqlite3") as database:
        text = "action, outcome, reason, actor_id, actor, tenant_id, tenant, target_type, target_id, target, request_id"
        values = ", ".join(["''"] * (text.count(",") + 1))
        database.execute(f"INSERT INTO tenants_auditevent (at, {text}, detail) VALUES ('2026-01-01', {values}, '{{}}')")
        for statement in ("UPDATE tenants_auditevent SET actor = 'nobody'", "DELETE FROM tenants_auditevent"):
            with pytest.raises(sqlite3.IntegrityError, match=WHY):
                database.execute(statement)
        database.execute("INSERT INTO tenants_auditpruning (began_at) VALUES ('2026-01-01')")
        assert database.execute("DELETE FROM tenants_auditevent").rowcount == 1
