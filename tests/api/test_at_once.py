"""Limits hold however many ask at the same moment; tests/up asks the same of SQLite."""

import contextlib
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connection
from rest_framework.test import APIClient

from cloudflare.models import Publication, Zone
from containers import admission
from containers.models import Container, Template
from tenants.models import AuditEvent, Plan, Tenant, User

AT_ONCE = 20


def _at_once(ask: Callable[[APIClient, int], Any], owner: User, count: int) -> Counter[str]:
    """The statuses, or the codes of the refusals, that so many hear who ask at the same moment."""
    together = Barrier(count)

    def one(number: int) -> str:
        with contextlib.closing(connection):
            client = APIClient()
            client.force_authenticate(owner)
            together.wait()
            answer = ask(client, number)
            return str(answer.json().get("code", answer.status_code))

    with ThreadPoolExecutor(count) as pool:
        return Counter(pool.map(one, range(count)))


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_twenty_at_once_where_five_are_allowed(
    owner: User, tenant: Tenant, template: Template, memory: object, zone: Zone
) -> None:
    Tenant.objects.update(plan=Plan.objects.get(code="pro"))

    def ask(client: APIClient, number: int) -> Any:
        return client.post("/api/v1/containers/", {"name": f"n{number}", "template": "hello"}, format="json")

    heard = _at_once(ask, owner, AT_ONCE)
    assert heard == {"202": 5, "containers_limit": 15}
    assert Container.objects.count() == Publication.objects.count() == 5
    assert AuditEvent.objects.filter(action="container:create", outcome="refused").count() == 15


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_one_name_for_many_who_want_it(
    owner: User, tenant: Tenant, template: Template, memory: object, zone: Zone
) -> None:
    """By rename and by creation at the same moment."""
    made = [admission.create(actor=owner, tenant=tenant, template=template, name=f"n{number}") for number in range(6)]

    def ask(client: APIClient, number: int) -> Any:
        if number < len(made):
            return client.post(f"/api/v1/containers/{made[number].pk}/rename/", {"name": "vase"}, format="json")
        return client.post("/api/v1/containers/", {"name": "vase", "template": "hello"}, format="json")

    assert _at_once(ask, owner, 10) == {"202": 1, "name_taken": 9}
    assert Container.objects.get(name="vase").hostname == "vase-acme.containers.localhost"
    assert Publication.objects.filter(hostname="vase-acme.containers.localhost").count() == 1
