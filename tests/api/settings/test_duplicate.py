"""A duplicate: everything but the data, admitted as any other container."""

import json
from typing import Any

import pytest
from rest_framework.test import APIClient

from containers.engine.memory import MemoryEngine
from containers.models import Container, Template
from tenants.models import AuditEvent, Membership, Plan, Tenant, User
from tests.api.settings.parts import MIB, PASSWORD, change
from tests.conftest import converge

pytestmark = pytest.mark.django_db


def test_a_duplicate_has_everything_but_the_data(
    api: APIClient, box: str, memory: MemoryEngine, template: Template
) -> None:
    settings = {
        "label": "One",
        "environment": {"A": "1"},
        "port": 9000,
        "memory": 64 * MIB,
        "cpu": 100,
        "resets_connections": False,
    }
    change(api, box, secrets={"KEY": PASSWORD}, **settings)
    template.image = "warren/hello:2"
    template.save()
    answer = api.post(f"{box}duplicate/", {"name": "twin"}, format="json")
    assert answer.status_code == 202
    body = answer.json()
    assert body.items() >= settings.items()
    assert (body["name"], body["image"], body["secret_names"]) == ("twin", "warren/hello:latest", ["KEY"])
    assert PASSWORD not in json.dumps(body)
    converge()
    twin = Container.objects.get(name="twin")
    assert memory.specs[twin.engine_name].environment["KEY"] == PASSWORD
    assert AuditEvent.objects.get(action="container:create", target=twin.hostname).detail["like"] == (
        "box-acme.containers.localhost"
    )


def test_a_duplicate_is_admitted_as_any_other(api: APIClient, box: str, tenant: Tenant) -> None:
    def twin(name: str = "twin") -> tuple[int, str]:
        answer = api.post(f"{box}duplicate/", {"name": name}, format="json")
        return answer.status_code, answer.json()["code"]

    assert twin("box") == (409, "name_taken")
    assert twin("No Name") == (422, "name_invalid")
    tenant.plan = Plan.objects.get(code="free")
    tenant.save()
    assert twin() == (422, "containers_limit")
    api.delete(box)
    assert twin() == (409, "being_deleted")
    assert change(api, box, label="x").json()["code"] == "being_deleted"
    assert api.post(f"{box}recreate/").json()["code"] == "being_deleted"


def test_who_does_not_belong_to_the_tenant_makes_no_duplicate_in_it(
    api: APIClient, box: str, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody who was given the right to manage one container, say."""
    from django.db.models import Q

    from containers import visibility

    class Everybody:
        def rule(self, user: Any) -> Q:
            return Q()

        def may(self, user: Any, container: Container, permission: str) -> bool:
            return True

    monkeypatch.setattr(visibility, "_visibility", Everybody())
    Membership.objects.all().delete()
    answer = api.post(f"{box}duplicate/", {"name": "twin"}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (403, "no_tenant")
