"""The database itself keeps the audit log: its rows are never changed, and deleted by `audit.prune` alone.

The permission to delete is a row of `AuditPruning` that is gone again before its transaction ends, so that nobody
else ever sees it. That works alike on PostgreSQL and SQLite.
"""

from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

POSTGRESQL_ROWS = (
    """
    CREATE OR REPLACE FUNCTION warren_keep_audit() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'DELETE' AND EXISTS (SELECT FROM tenants_auditpruning) THEN RETURN OLD; END IF;
        RAISE EXCEPTION 'audit rows are neither changed nor deleted' USING ERRCODE = 'restrict_violation';
    END $$
    """,
    """
    CREATE OR REPLACE TRIGGER audit_rows_stay BEFORE UPDATE OR DELETE ON tenants_auditevent
    FOR EACH ROW EXECUTE FUNCTION warren_keep_audit()
    """,
)
POSTGRESQL_TABLE = """
    CREATE OR REPLACE TRIGGER audit_table_stays BEFORE TRUNCATE ON tenants_auditevent
    FOR EACH STATEMENT EXECUTE FUNCTION warren_keep_audit()
"""
_SQLITE = (
    """
    CREATE TRIGGER IF NOT EXISTS audit_rows_stay_as_they_are BEFORE UPDATE ON tenants_auditevent
    BEGIN SELECT RAISE(ABORT, 'audit rows are neither changed nor deleted'); END
    """,
    """
    CREATE TRIGGER IF NOT EXISTS audit_rows_stay BEFORE DELETE ON tenants_auditevent
    WHEN NOT EXISTS (SELECT 1 FROM tenants_auditpruning)
    BEGIN SELECT RAISE(ABORT, 'audit rows are neither changed nor deleted'); END
    """,
)
STATEMENTS: dict[str, tuple[str, ...]] = {"postgresql": (*POSTGRESQL_ROWS, POSTGRESQL_TABLE), "sqlite": _SQLITE}


def install(connection: BaseDatabaseWrapper) -> None:
    """Put the triggers there, or find them there. Raises KeyError for a database that Warren does not run on."""
    with connection.cursor() as cursor:
        for statement in STATEMENTS[connection.vendor]:
            cursor.execute(statement)


def after_migrate(using: str, **kwargs: Any) -> None:
    """At every `migrate`: SQLite remakes a table that a migration alters, and forgets its triggers."""
    if "tenants_auditpruning" in connections[using].introspection.table_names():
        install(connections[using])
