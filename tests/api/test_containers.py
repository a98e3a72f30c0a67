"""The API for containers: what it takes, what it answers, and to whom."""

from typing import Any
from urllib.parse import urlsplit

import pytest
from rest_framework.test import APIClient

from containers.engine.memory import MemoryEngine
from containers.models import Container, ContainerStatus, Template
from tenants.models import AuditEvent, Membership, Plan, Tenant, User
from tests.api.conftest import URL
from tests.conftest import converge, make_tenant

pytestmark = pytest.mark.django_db


def test_a_creation_is_accepted_and_has_a_place(api: APIClient, template: Template, tenant: Tenant) -> None:
    answer = api.post(URL, {"name": "box", "template": "hello", "memory": 64 * 1024**2, "cpu": 250}, format="json")
    assert answer.status_code == 202
    body = answer.json()
    assert answer.headers["Location"].endswith(f"{URL}{body['id']}/")
    assert body["hostname"] == "box-acme.containers.localhost"
    assert (body["lifecycle"], body["health"], body["ready"]) == ("queued", "unknown", False)
    assert (body["memory"], body["cpu"]) == (64 * 1024**2, 250)
    assert [step["name"] for step in body["steps"]] == [
        "quota",
        "image",
        "network",
        "container",
        "tunnel",
        "access",
        "dns",
        "ready",
    ]
    assert {row["type"] for row in body["conditions"]} == {"Running", "Published", "Connected"}
    event = AuditEvent.objects.get(action="container:create")
    assert (event.actor, event.tenant, event.target, event.outcome) == (
        "alice@example.com",
        "acme",
        body["hostname"],
        "done",
    )


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"name": "box"}, 400, "invalid"),
        ({"name": "box", "template": "none"}, 400, "invalid"),
        ({"name": "box", "template": "hello", "memory": -1}, 400, "invalid"),
        ({"name": "box", "template": "hello", "cpu": "much"}, 400, "invalid"),
        ({"name": "box", "template": "hello", "tenant": "globex"}, 403, "no_tenant"),
        ({"name": "Box", "template": "hello"}, 422, "name_invalid"),
        ({"name": "bo--x", "template": "hello"}, 422, "name_invalid"),
        ({"name": "-box", "template": "hello"}, 422, "name_invalid"),
        ({"name": "böx", "template": "hello"}, 422, "name_invalid"),
        ({"name": "box\n", "template": "hello"}, 202, None),  # the serializer trims it
        ({"name": "admin", "template": "hello"}, 422, "name_reserved"),
        ({"name": "x" * 40, "template": "hello"}, 422, "name_too_long"),
        ({"name": "box", "template": "hello", "memory": 9 * 1024**3}, 422, "memory_limit"),
        ({"name": "box", "template": "hello", "cpu": 4001}, 422, "cpu_limit"),
        ({"name": "box", "template": "hello", "cpu": 0}, 400, "invalid"),
        ([], 400, "invalid"),
    ],
)
def test_what_is_refused_is_refused_with_a_code(api: APIClient, body: Any, status: int, code: str | None) -> None:
    answer = api.post(URL, body, format="json")
    assert answer.status_code == status, answer.content
    if code:
        assert answer["Content-Type"] == "application/problem+json"
        assert answer.json()["code"] == code
        assert answer.json()["detail"]
        assert Container.objects.count() == 0


def test_plans_limits_are_told_with_what_would_help(api: APIClient, tenant: Tenant, box: str) -> None:
    tenant.plan = Plan.objects.get(code="free")
    tenant.save()
    answer = api.post(URL, {"name": "second", "template": "hello"}, format="json")
    assert answer.status_code == 422
    assert answer.json() | {"type": ""} == {
        "type": "",
        "title": "The request cannot be carried out",
        "status": 422,
        "code": "containers_limit",
        "detail": "The plan Free allows 1 container; this tenant has 1. Delete one first, or ask for another plan.",
        "limit": 1,
        "used": 1,
    }
    assert AuditEvent.objects.filter(outcome="refused", reason="containers_limit").exists()


def test_a_name_can_be_had_again_once_its_container_is_gone(api: APIClient, box: str) -> None:
    assert api.post(URL, {"name": "box", "template": "hello"}, format="json").json()["code"] == "name_taken"
    api.delete(box)
    assert api.post(URL, {"name": "box", "template": "hello"}, format="json").json()["code"] == "name_taken"
    converge()
    assert api.post(URL, {"name": "box", "template": "hello"}, format="json").status_code == 202
    assert Container.objects.count() == 2


def test_every_verb(api: APIClient, box: str) -> None:
    assert api.post(f"{box}stop/").json()["desired"] == "stopped"
    assert api.get(box).json()["lifecycle"] == "stopping"
    converge()
    assert (api.get(box).json()["lifecycle"], api.get(box).json()["health"]) == ("stopped", "unknown")
    assert api.post(f"{box}restart/").json()["code"] == "not_running"
    api.post(f"{box}start/")
    converge()
    before = ContainerStatus.objects.get().started_at
    api.post(f"{box}restart/")
    converge()
    assert ContainerStatus.objects.get().started_at > before
    assert api.post(f"{box}retry/").status_code == 202
    assert api.delete(box).status_code == 202
    assert api.get(box).json()["lifecycle"] == "deleting"
    assert api.post(f"{box}start/").json()["code"] == "being_deleted"
    assert api.delete(box).status_code == 202, "asking twice is fine"
    converge()
    assert api.get(box).status_code == 404
    assert api.get(URL).json()["count"] == 0
    actions = set(AuditEvent.objects.values_list("action", flat=True))
    assert {f"container:{verb}" for verb in ("stop", "start", "restart", "retry", "delete", "gone")} <= actions


def test_nobody_else_sees_or_does_anything(api: APIClient, box: str, stranger: User) -> None:
    make_tenant("globex", stranger)
    for client, status in ((APIClient(), 401), (APIClient(), 404)):
        if status == 404:
            client.force_authenticate(stranger)
        for method, path in (
            ("get", box),
            ("delete", box),
            ("get", f"{box}status/"),
            *(("post", f"{box}{verb}/") for verb in ("start", "stop", "restart", "retry", "rename")),
        ):
            answer = getattr(client, method)(path)
            assert answer.status_code == status, (method, path)
            assert answer["Content-Type"] == "application/problem+json"
            assert "box" not in answer.content.decode()
        listed = client.get(URL)
        assert listed.status_code == (401 if status == 401 else 200)
        assert status == 401 or listed.json()["results"] == []
    assert Container.objects.get().desired == "running"


def test_a_member_of_two_tenants_sees_both_and_each_once(api: APIClient, box: str, owner: User, stranger: User) -> None:
    other = make_tenant("globex", stranger)
    Membership.objects.create(tenant=other, user=owner)
    made = api.post(URL, {"name": "theirs", "template": "hello", "tenant": "globex"}, format="json")
    assert made.status_code == 202
    assert sorted(row["name"] for row in api.get(URL).json()["results"]) == ["box", "theirs"]


def test_lists_are_paged(api: APIClient, tenant: Tenant) -> None:
    for number in range(7):
        api.post(URL, {"name": f"c{number}", "template": "hello"}, format="json")
    first = api.get(URL, {"per_page": 5}).json()
    assert (first["count"], len(first["results"])) == (7, 5)
    assert len(api.get(first["next"]).json()["results"]) == 2
    assert api.get(URL, {"per_page": 100000}).json()["count"] == 7
    assert api.get(URL, {"page": "x"}).status_code == 404


def test_a_list_costs_the_same_for_one_and_for_many(
    api: APIClient, box: str, django_assert_max_num_queries: Any
) -> None:
    for number in range(6):
        api.post(URL, {"name": f"c{number}", "template": "hello"}, format="json")
    with django_assert_max_num_queries(6):
        assert len(api.get(URL).json()["results"]) == 7


def test_no_request_asks_the_engine_or_cloudflare(api: APIClient, box: str, memory: MemoryEngine, cloud: Any) -> None:
    memory.away = True
    cloud.control("DELETE", "calls")
    assert api.get(box).status_code == api.get(URL).status_code == api.get(f"{box}status/").status_code == 200
    assert api.post(f"{box}stop/").status_code == 202
    assert api.post(URL, {"name": "next", "template": "hello"}, format="json").status_code == 202
    assert cloud.calls() == []


def test_a_renamed_container_is_at_its_earlier_address_until_the_new_one_answers(api: APIClient, box: str) -> None:
    answer = api.post(f"{box}rename/", {"name": "vase"}, format="json")
    assert answer.status_code == 202
    assert answer.headers["Location"].endswith(box.partition("/api/")[2])
    wanted, earlier = (f"{name}-acme.containers.localhost" for name in ("vase", "box"))
    for body in (answer.json(), api.get(box).json(), api.get(URL).json()["results"][0]):
        assert (body["name"], body["hostname"], body["ready"]) == ("vase", wanted, False)
        assert urlsplit(body["url"]).hostname == earlier
    steps = {step["name"]: step["state"] for step in answer.json()["steps"]}
    assert {steps[name] for name in ("access", "tunnel", "dns")} == {"pending"}
    assert {steps[name] for name in ("quota", "image", "network", "container")} == {"done"}
    converge()
    assert urlsplit(api.get(box).json()["url"]).hostname == wanted
    again = api.post(f"{box}rename/", {"name": "box"}, format="json")
    assert (again.status_code, again.json()["code"], again.json()["field"]) == (409, "name_taken", "name")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 400, "invalid"),
        ({"name": ""}, 400, "invalid"),
        ({"name": "x" * 64}, 400, "invalid"),
        ({"name": "Box"}, 422, "name_invalid"),
        ({"name": "www"}, 422, "name_reserved"),
    ],
)
def test_a_rename_is_refused_with_a_code(api: APIClient, box: str, body: Any, status: int, code: str) -> None:
    answer = api.post(f"{box}rename/", body, format="json")
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert api.get(box).json()["generation"] == 1


def test_methods_that_are_not_there(api: APIClient, box: str) -> None:
    answer = api.put(box, {"name": "x"}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")


def test_rubbish_is_a_400(api: APIClient) -> None:
    answer = api.post(URL, b"{", content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (400, "parse_error")
    assert api.post(URL, b"a=b", content_type="text/plain").status_code == 415
    assert api.get(f"{URL}not-a-uuid/").status_code == 404


def test_templates(api: APIClient, template: Template) -> None:
    Template.objects.create(slug="old", name="Old", image="old", enabled=False)
    assert [row["slug"] for row in api.get("/api/v1/templates/").json()["results"]] == ["hello"]
    refused = api.post(URL, {"name": "box", "template": "old"}, format="json")
    assert refused.json()["code"] == "template_disabled"


def test_a_failed_creation_says_why_and_can_be_tried_again(
    api: APIClient, memory: MemoryEngine, template: Template
) -> None:
    memory.images = set()
    url = api.post(URL, {"name": "box", "template": "hello"}, format="json").headers["Location"]
    converge()
    body = api.get(url).json()
    assert (body["lifecycle"], body["health"]) == ("error", "unhealthy")
    assert body["error"]["code"] == "image_unavailable"
    assert next(step for step in body["steps"] if step["state"] == "failed")["name"] == "image"
    memory.registry = {template.image}
    api.post(f"{url}retry/")
    converge()
    assert api.get(url).json()["lifecycle"] == "running"
    assert api.get(url).json()["error"] is None
