"""Limits hold however many ask at the same moment; tests/up asks the same of SQLite."""

import contextlib
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection
from rest_framework.test import APIClient

from cloudflare.models import Publication, Zone
from containers.models import Container, Template
from tenants.models import AuditEvent, Plan, Tenant, User

AT_ONCE = 20


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_twenty_at_once_where_five_are_allowed(
    owner: User, tenant: Tenant, template: Template, memory: object, zone: Zone
) -> None:
    Tenant.objects.update(plan=Plan.objects.get(code="pro"))
    together = Barrier(AT_ONCE)

    def ask(number: int) -> str:
        with contextlib.closing(connection):
            client = APIClient()
            client.force_authenticate(owner)
            together.wait()
            answer = client.post("/api/v1/containers/", {"name": f"n{number}", "template": "hello"}, format="json")
            return str(answer.json().get("code", answer.status_code))

    with ThreadPoolExecutor(AT_ONCE) as pool:
        heard = Counter(pool.map(ask, range(AT_ONCE)))
    assert heard == {"202": 5, "containers_limit": 15}
    assert Container.objects.count() == Publication.objects.count() == 5
    assert AuditEvent.objects.filter(action="container:create", outcome="refused").count() == 15
