"""Settings of a container: what may be changed, what that changes, and that no secret is ever told."""

import datetime
import json
import logging
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from rest_framework.test import APIClient

from access import sharing
from containers import doorbell, specs
from containers.engine.memory import MemoryEngine
from containers.models import Container, ContainerStatus, Template
from tenants.models import AuditEvent, Membership, Plan, Tenant, User
from tests.conftest import converge

pytestmark = pytest.mark.django_db
URL = "/api/v1/containers/"
MIB = 1024**2
PASSWORD = "correct horse battery staple"


@pytest.fixture
def api(owner: User, tenant: Tenant, template: Template, memory: MemoryEngine, zone: Any) -> APIClient:
    client = APIClient()
    client.force_authenticate(owner)
    return client


@pytest.fixture
def box(api: APIClient) -> str:
    url: str = api.post(URL, {"name": "box", "template": "hello"}, format="json").headers["Location"]
    converge()
    return url


def change(api: APIClient, url: str, **settings: Any) -> Any:
    return api.patch(url, settings, format="json")


def settled(api: APIClient, box: str) -> bool:
    """Runs and is published as it is wanted now. No connector runs on this engine, so ready it is never."""
    body = api.get(box).json()
    published = next(row for row in body["conditions"] if row["type"] == "Published")
    return bool(body["lifecycle"] == "running" and published["observed_generation"] == body["generation"]) and bool(
        published["status"]
    )


def spec(memory: MemoryEngine) -> Any:
    return memory.specs[Container.objects.living().get(name="box").engine_name]


def seen(memory: MemoryEngine) -> Any:
    return memory.containers[Container.objects.living().get(name="box").engine_name]


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


def test_a_secret_is_told_to_the_container_and_to_nobody_else(
    api: APIClient, box: str, memory: MemoryEngine, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[Any] = []
    monkeypatch.setattr(doorbell, "send", lambda task, pk: sent.append((task, pk)))
    with caplog.at_level(logging.DEBUG):
        told = [change(api, box, secrets={"KEY": PASSWORD}).content.decode()]
        told.append(change(api, box, secrets={"KEY": PASSWORD, "1": PASSWORD}).content.decode())
        told.append(change(api, box, secrets={"KEY": [PASSWORD]}).content.decode())
        converge()
        told += [api.get(where).content.decode() for where in (box, URL, f"{box}status/")]
    assert spec(memory).environment["KEY"] == PASSWORD
    assert PASSWORD not in "".join(told)
    assert PASSWORD not in caplog.text
    assert PASSWORD not in str(sent)
    assert PASSWORD not in str(list(AuditEvent.objects.values()))
    assert PASSWORD not in str(dict(spec(memory).labels))
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM containers_container")
        assert PASSWORD not in str(cursor.fetchall())


def test_the_label_of_a_container_does_not_tell_whether_a_guess_is_right(
    api: APIClient, box: str, memory: MemoryEngine, settings
) -> None:
    change(api, box, secrets={"KEY": "0000"})
    converge()
    mine = spec(memory).labels["warren.spec"]
    settings.SECRET_KEY = "another installation's" * 3

    assert specs.digests(Container.objects.get())[0] != mine
    settings.SECRET_KEY_FALLBACKS = ["only-for-tests-" * 4]
    assert mine in specs.acceptable(Container.objects.get())


def test_a_lost_key_replaces_nobody(api: APIClient, box: str, memory: MemoryEngine, settings) -> None:
    change(api, box, secrets={"KEY": "0000"})
    converge()
    before = seen(memory)
    settings.SECRET_KEY = "quite another one" * 4
    ContainerStatus.objects.ring()
    converge()
    assert seen(memory) == before
    row = Container.objects.get()
    assert specs.seen(row, before.labels) in specs.acceptable(row)
    for label, text in (("warren.volume", "of a restore"), ("warren.revision", "0"), ("warren.spec-key", "")):
        assert specs.seen(row, before.labels | {label: text}) not in specs.acceptable(row), label
    change(api, box, secrets={"KEY": "1111"})
    converge()
    assert seen(memory).id != before.id
    assert spec(memory).environment["KEY"] == "1111"


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


def test_limits_change_in_place(api: APIClient, box: str, memory: MemoryEngine) -> None:
    before = seen(memory)
    change(api, box, memory=64 * MIB, cpu=100)
    converge()
    after = seen(memory)
    assert (after.id, after.started_at) == (before.id, before.started_at)
    assert (after.memory, after.cpu) == (64 * MIB, 100)


def test_memory_that_is_in_use_is_a_notice_and_goes_with_a_restart(
    api: APIClient, box: str, memory: MemoryEngine
) -> None:
    memory.memory_used = 100 * MIB
    before = seen(memory)
    change(api, box, memory=64 * MIB, cpu=100)
    converge()
    body = api.get(box).json()
    assert (body["error"], [notice["code"] for notice in body["notices"]]) == (None, ["memory_in_use"])
    assert "new limit of 64 MiB; restart it" in body["notices"][0]["detail"]
    assert settled(api, box), "what runs well is shown so"
    assert {step["state"] for step in body["steps"] if step["name"] in {"image", "container"}} == {"done"}
    assert (seen(memory).memory, seen(memory).cpu) == (before.memory, 100)
    memory.restart(before.name, 0)  # somebody's, not ours: its start is known all the same
    ContainerStatus.objects.ring()
    converge()
    api.post(f"{box}restart/")
    converge()
    body = api.get(box).json()
    assert (body["error"], body["notices"], seen(memory).memory) == (None, [], 64 * MIB)


def test_a_lower_limit_applies_by_itself_when_memory_falls(api: APIClient, box: str, memory: MemoryEngine) -> None:
    memory.memory_used = 100 * MIB
    change(api, box, memory=64 * MIB)
    converge()
    status = ContainerStatus.objects.get()
    assert status.next_check_at is not None
    assert status.next_check_at - timezone.now() < datetime.timedelta(seconds=40)
    before, memory.memory_used = seen(memory), 10 * MIB
    ContainerStatus.objects.update(next_check_at=timezone.now())
    converge()
    assert api.get(box).json()["notices"] == []
    assert (seen(memory).memory, seen(memory).started_at) == (64 * MIB, before.started_at)


def test_what_is_of_rows_and_edge_alone_leaves_the_engine_alone(api: APIClient, box: str, memory: MemoryEngine) -> None:
    before = seen(memory)
    answer = change(api, box, label="x", port=9000, resets_connections=False)
    assert answer.json()["resets_connections"] is False
    converge()
    assert seen(memory) == before
    assert settled(api, box)


def test_the_edge_follows_the_port_and_nothing_is_open_meanwhile(api: APIClient, box: str, cloud: Any) -> None:
    cloud.control("DELETE", "calls")
    change(api, box, port=9000)
    converge()
    (tunnel,) = cloud.state()["tunnels"].values()
    assert tunnel["config"]["ingress"][0]["service"].endswith(":9000")
    assert settled(api, box)
    assert [call.partition("/cfd_tunnel/")[2].partition("/")[2] for call in cloud.writes()] == ["configurations"]
    assert cloud.state()["violations"] == []
    assert {step["state"] for step in api.get(box).json()["steps"][:-1]} == {"done"}


def test_a_port_that_cloudflare_does_not_take_is_told_and_taken_later(api: APIClient, box: str, cloud: Any) -> None:
    from cloudflare.models import Publication, Tunnel

    cloud.fault(kind="status", method="PUT", path="configurations", status=400)
    change(api, box, port=9000)
    converge()
    assert not settled(api, box)
    (tunnel,) = cloud.state()["tunnels"].values()
    assert tunnel["config"]["ingress"][0]["service"].endswith(":8080")
    cloud.heal()
    Tunnel.objects.all().ring()
    Publication.objects.all().ring()
    converge()
    (tunnel,) = cloud.state()["tunnels"].values()
    assert tunnel["config"]["ingress"][0]["service"].endswith(":9000")
    assert settled(api, box)
    assert cloud.state()["violations"] == []


def test_an_upgrade_restarts_nobody(api: APIClient, box: str, memory: MemoryEngine) -> None:
    from dataclasses import replace

    from containers.models import ContainerStatus

    before = seen(memory)
    labels = {name: text for name, text in before.labels.items() if name not in {"warren.spec", "warren.revision"}}
    memory.containers[before.name] = replace(before, labels=labels)
    ContainerStatus.objects.all().ring()
    converge()
    assert seen(memory).id == before.id
    change(api, box, environment={"A": "1"})
    converge()
    assert seen(memory).id != before.id
    assert spec(memory).environment["A"] == "1"


def test_recreate_takes_the_templates_image_and_new_variables(
    api: APIClient, box: str, memory: MemoryEngine, template: Template
) -> None:
    change(api, box, environment={"MINE": "1", "BOTH": "mine"}, secrets={"HIDDEN": "x"})
    converge()
    before = seen(memory)
    template.image, template.port = "warren/hello:2", 9999
    template.environment = {"BOTH": "theirs", "NEW": "2", "HIDDEN": "theirs"}
    template.save()
    memory.registry = {"warren/hello:2"}
    assert api.post(f"{box}recreate/").status_code == 202
    converge()
    row = Container.objects.get()
    assert (row.image, row.port) == ("warren/hello:2", 8080)
    assert row.environment == {"MINE": "1", "BOTH": "mine", "NEW": "2"}
    assert spec(memory).image == "warren/hello:2"
    assert spec(memory).environment["HIDDEN"] == "x"
    assert seen(memory).id != before.id
    assert settled(api, box)
    again = seen(memory).id
    api.post(f"{box}recreate/")
    converge()
    assert seen(memory).id != again, "each one asks for a new container"


def test_recreate_leaves_away_what_a_person_took_away(api: APIClient, template: Template) -> None:
    template.environment = {"KEPT": "1", "TAKEN": "1", "HIDDEN": "1"}
    template.save()
    box: str = api.post(URL, {"name": "box", "template": "hello"}, format="json").headers["Location"]
    change(api, box, environment={"TAKEN": None})
    template.environment |= {"NEW": "1"}
    template.save()
    for _ in range(2):
        api.post(f"{box}recreate/")
        assert api.get(box).json()["environment"] == {"KEPT": "1", "HIDDEN": "1", "NEW": "1"}
    change(api, box, environment={"NEW": None})
    twin = api.post(f"{box}duplicate/", {"name": "twin"}, format="json").headers["Location"]
    for url in (box, twin):
        api.post(f"{url}recreate/")
        assert api.get(url).json()["environment"] == {"KEPT": "1", "HIDDEN": "1"}


def test_recreate_asks_whether_the_template_is_still_offered(
    api: APIClient, box: str, template: Template, tenant: Tenant
) -> None:
    template.plans.add(Plan.objects.get(code="free"))
    answer = api.post(f"{box}recreate/")
    assert (answer.status_code, answer.json()["code"]) == (422, "template_not_in_plan")
    assert "goes on as it is" in answer.json()["detail"]
    template.plans.add(tenant.plan)
    Template.objects.update(enabled=False)
    answer = api.post(f"{box}recreate/")
    assert (answer.status_code, answer.json()["code"]) == (422, "template_disabled")
    assert Container.objects.get().revision == 0


def test_recreate_pulls_also_where_the_container_is_absent(
    api: APIClient, box: str, memory: MemoryEngine, template: Template
) -> None:
    memory.images, pulled = {template.image}, []
    pull, memory.registry = memory.pull, {template.image}
    memory.pull = lambda image, progress: (pulled.append(image), pull(image, progress))[1]  # type: ignore[method-assign]
    memory.remove(seen(memory).name)
    api.post(f"{box}recreate/")
    converge()
    assert settled(api, box)
    assert pulled == [template.image]
    memory.remove(seen(memory).name)
    ContainerStatus.objects.ring()
    converge()
    assert settled(api, box)
    assert pulled == [template.image], "once was asked for"


def test_recreate_goes_on_with_the_image_that_is_there(api: APIClient, box: str, memory: MemoryEngine) -> None:
    before = seen(memory).id
    api.post(f"{box}recreate/")
    converge()
    body = api.get(box).json()
    assert settled(api, box)
    assert seen(memory).id != before
    step = next(step for step in body["steps"] if step["name"] == "image")
    assert (step["state"], step["message"].partition(".")[0]) == ("done", "The image that is there was used")


def test_an_image_that_cannot_be_had_leaves_what_runs(
    api: APIClient, box: str, memory: MemoryEngine, template: Template
) -> None:
    before = seen(memory)
    memory.images = {template.image}
    template.image = "warren/hello:none"
    template.save()
    api.post(f"{box}recreate/")
    converge()
    body = api.get(box).json()
    assert body["error"]["code"] == "image_unavailable"
    assert next(step for step in body["steps"] if step["state"] == "failed")["name"] == "image"
    assert seen(memory) == before
    memory.registry = {"warren/hello:none"}
    api.post(f"{box}retry/")
    converge()
    assert settled(api, box)
    assert seen(memory).id != before.id


def test_what_is_stopped_stays_so(api: APIClient, box: str, memory: MemoryEngine) -> None:
    api.post(f"{box}stop/")
    converge()
    before = seen(memory).id
    api.post(f"{box}recreate/")
    converge()
    assert seen(memory).id != before
    assert api.get(box).json()["lifecycle"] == "stopped"


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
