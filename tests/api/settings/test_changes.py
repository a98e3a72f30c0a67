"""Settings of a container: what may be changed, by whom, and what is refused."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from access import sharing
from containers.engine.memory import MemoryEngine
from containers.models import Container
from tenants.models import AuditEvent, Plan, Tenant, User
from tests.api.settings.parts import MIB, change, settled, spec
from tests.conftest import converge

pytestmark = pytest.mark.django_db


def test_all_settings_in_one_go(api: APIClient, box: str, memory: MemoryEngine) -> None:
    answer = change(
        api, box, label="For Bob", environment={"A": "1"}, secrets={"KEY": "x"}, port=9000, memory=64 * MIB, cpu=250
    )
    assert answer.status_code == 202
    body = answer.json()
    assert (body["label"], body["port"], body["memory"], body["cpu"]) == ("For Bob", 9000, 64 * MIB, 250)
    assert (body["environment"], body["secret_names"], body["generation"]) == ({"A": "1"}, ["KEY"], 2)
    converge()
    assert settled(api, box)
    assert spec(memory).environment.items() >= {"A": "1", "KEY": "x", "WARREN_CONTAINER": "box"}.items()
    event = AuditEvent.objects.get(action="container:change")
    assert event.detail == {"changed": ["label", "port", "memory", "cpu", "environment.A", "secrets.KEY"]}


def test_what_changes_nothing_is_no_new_generation(api: APIClient, box: str) -> None:
    change(api, box, environment={"A": "1"}, secrets={"KEY": "x"})
    for same in (
        {},
        {"label": ""},
        {"environment": {"A": "1", "B": None}},
        {"secrets": {"KEY": "x"}},
        {"port": 8080},
        {"resets_connections": True},
    ):
        answer = change(api, box, **same)
        assert (answer.status_code, answer.json()["generation"]) == (202, 2)
    assert AuditEvent.objects.filter(action="container:change").count() == 1


def test_variables_are_merged_and_null_takes_one_away(api: APIClient, box: str) -> None:
    change(api, box, environment={"A": "1", "B": " spaces stay "}, secrets={"K": "x", "L": "y"})
    body = change(api, box, environment={"A": None, "C": ""}, secrets={"K": None}).json()
    assert body["environment"] == {"B": " spaces stay ", "C": ""}
    assert body["secret_names"] == ["L"]
    assert Container.objects.get().secret_values == {"L": "y"}


@pytest.mark.parametrize(
    ("wanted", "status", "code"),
    [
        ({"environment": {"1A": "x"}}, 422, "environment_name"),
        ({"environment": {"A-B": "x"}}, 422, "environment_name"),
        ({"environment": {"": "x"}}, 422, "environment_name"),
        ({"secrets": {"A=B": "x"}}, 422, "environment_name"),
        ({"environment": {"WARREN_TENANT": "x"}}, 422, "environment_name"),
        ({"secrets": {"warren_x": "x"}}, 422, "environment_name"),
        ({"environment": {"A": "x"}, "secrets": {"A": "y"}}, 422, "environment_twice"),
        ({"environment": {f"A{number}": "" for number in range(101)}}, 422, "environment_count"),
        ({"secrets": {"A": "x" * 40_000}, "environment": {"B": "x" * 30_000}}, 422, "environment_size"),
        ({"secrets": {"A": "a\0b"}}, 400, "invalid"),
        ({"secrets": {"A": {"b": 1}}}, 400, "invalid"),
        ({"secrets": ["A"]}, 400, "invalid"),
        ({"label": "x" * 101}, 400, "invalid"),
        ({"resets_connections": None}, 400, "invalid"),
        ({"port": 0}, 400, "invalid"),
        ({"port": 65536}, 400, "invalid"),
        ({"memory": 5 * MIB}, 400, "invalid"),
        ({"memory": 9 * 1024 * MIB}, 422, "memory_limit"),
        ({"cpu": 4001}, 422, "cpu_limit"),
        ({"label": "good", "cpu": 4001}, 422, "cpu_limit"),
    ],
)
def test_what_is_refused_changes_nothing(
    api: APIClient, box: str, wanted: dict[str, Any], status: int, code: str
) -> None:
    answer = change(api, box, **wanted)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    row = Container.objects.get()
    assert (row.generation, row.label, row.environment, row.secrets, row.cpu) == (1, "", {}, "", 4000)
    if status == 422:
        assert AuditEvent.objects.get(outcome="refused", action="container:change").reason == code


def test_a_lowered_plan_leaves_what_is_not_changed(api: APIClient, box: str, tenant: Tenant) -> None:
    tenant.plan = Plan.objects.get(code="free")
    tenant.save()
    assert change(api, box, label="kept", cpu=100).status_code == 202
    assert change(api, box, memory=Container.objects.get().memory - 1).json()["code"] == "memory_limit"


def test_variables_are_for_those_who_may_change_them(api: APIClient, box: str, owner: User) -> None:
    change(api, box, environment={"A": "1"})
    guest = User.objects.create_user("gina@example.com", "secret")
    sharing.share(Container.objects.get(), actor=owner, emails=[guest.email], permission="manage")
    api.force_authenticate(guest)
    assert (api.get(box).json()["environment"], api.get(box).json()["secret_names"]) == (None, None)
    for answer in (
        change(api, box, label="x"),
        api.post(f"{box}recreate/"),
        api.post(f"{box}duplicate/", {"name": "two"}, format="json"),
    ):
        assert answer.status_code == 403
