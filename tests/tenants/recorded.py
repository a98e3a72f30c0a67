"""The audit log with many rows in it, and a program that reads it."""

import csv
import io
from collections.abc import Iterable

from django.db import connection
from rest_framework.test import APIClient

from tenants.models import Tenant, User

API = "/api/v1/audit/"


def signed_in(user: User) -> APIClient:
    client = APIClient()
    client.force_authenticate(user)
    return client


def fill(tenant: Tenant | None, count: int) -> None:
    """Rows of a tenant, a second apart, the newest first; every tenth of them a refusal."""
    connection.cursor().execute(
        """
        INSERT INTO tenants_auditevent (at, action, outcome, reason, actor_id, actor, tenant_id, tenant, target_type,
            target_id, target, request_id, detail)
        SELECT now() - n * interval '1 second', 'container:start', CASE WHEN n %% 10 = 0 THEN 'refused' ELSE 'done' END,
            '', '7', 'alice@example.com', %s, %s, 'containers.container', md5(n::text), 'box-' || n, md5('r' || n), '{}'
        FROM generate_series(1, %s) AS n
        """,
        [str(tenant.pk) if tenant else "", tenant.slug if tenant else "", count],
    )


def rows(content: Iterable[bytes]) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(b"".join(content).decode())))
