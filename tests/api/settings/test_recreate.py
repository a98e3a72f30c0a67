"""Recreation: a new container of the template's present image, with what its owner had set."""

import pytest
from rest_framework.test import APIClient

from containers.engine.memory import MemoryEngine
from containers.models import Container, ContainerStatus, Template
from tenants.models import Plan, Tenant
from tests.api.conftest import URL
from tests.api.settings.parts import change, seen, settled, spec
from tests.conftest import converge

pytestmark = pytest.mark.django_db


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
