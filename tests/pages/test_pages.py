"""The pages as HTML: who gets in, what the forms refuse, and what a page says when things go wrong."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from containers.engine.memory import MemoryEngine
from containers.models import Condition, Container, Template
from monitoring.models import Sample
from tenants import standing
from tenants.models import AuditEvent, Plan, Tenant, User
from tests.conftest import converge

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(owner: User, tenant: Tenant, template: Template, memory: MemoryEngine, zone: Any) -> Client:
    found = Client()
    found.force_login(owner)
    return found


def create(client: Client, **fields: Any) -> Any:
    return client.post("/containers/new/", {"name": "box", "template": "hello", **fields})


def text(page: Any) -> str:
    """What is to be read on it, each gap one space."""
    return " ".join(re.sub(r"<[^>]+>", " ", page.content.decode()).replace("&nbsp;", " ").split())


def without_id(fragment: str) -> list[str]:
    """What the keyboard can reach in it and has no `id` of its own: htmx gives the focus back by that alone."""
    reached = re.findall(r'<(?:a|button|input(?![^>]* type="hidden")|select|textarea|summary)\b[^>]*>', fragment)
    ids = re.findall(r'\sid="([^"]+)"', fragment)
    assert reached
    assert len(ids) == len(set(ids))
    return [tag for tag in reached if " id=" not in tag]


def test_the_focus_stays_where_it_was_when_a_part_is_fetched_anew(client: Client) -> None:
    refreshed = {"HX-Request": "true"}
    assert without_id(client.get("/", headers=refreshed).content.decode()) == []
    where = create(client).headers["Location"]
    create(client, name="other")
    converge()
    Condition.objects.update(status=True, message="")  # an address that answers is a link
    listed, live = (client.get(path, headers=refreshed).content.decode() for path in ("/", f"{where}live/"))
    assert (without_id(listed), without_id(live)) == ([], [])
    head = client.get(f"{where}head/", headers=refreshed).content.decode()
    assert without_id(head) == []
    assert (listed.count("<a "), live.count("<a "), head.count("<a ")) == (21, 2, 6)


def test_the_whole_way(client: Client) -> None:
    page = create(client)
    assert page.status_code == 302
    converge()
    where = page.headers["Location"]
    assert b"box-acme.containers.localhost" in client.get(where).content
    assert b"box-acme.containers.localhost" in client.get("/").content
    assert client.get(f"{where}stop/").status_code == 405
    assert client.post(f"{where}stop/").status_code == 302
    converge()
    assert b"stopped" in client.get(where).content
    assert b"There is no way back" in client.get(f"{where}delete/").content
    assert client.post(f"{where}delete/", {"name": "box"}).status_code == 302
    converge()
    assert client.get(where).status_code == 404
    live = client.get(f"{where}live/", headers={"HX-Request": "true"})
    assert live.headers["HX-Redirect"] == "/"
    assert b"That container was deleted, or is not shared with you any more." in client.get("/").content


def test_a_rename_says_what_becomes_of_the_address(client: Client) -> None:
    where = create(client).headers["Location"]
    converge()
    assert f'href="{where}rename/"' in client.get(where).content.decode()
    asked = client.get(f"{where}rename/").content.decode()
    assert "box-acme.containers.localhost" in asked
    assert "5 seconds longer" in asked
    assert 'value="box"' in asked
    refused = client.post(f"{where}rename/", {"name": "Not a name"})
    assert "Use lower-case letters" in refused.content.decode()
    assert client.post(f"{where}rename/", {"name": "vase"}).headers["Location"] == where
    meanwhile = client.get(where).content.decode()
    assert "vase-acme.containers.localhost" in meanwhile
    assert 'id="earlier" href="http://box-acme.containers.localhost' in meanwhile
    converge()
    assert "box-acme" not in client.get(where).content.decode()


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": ""}, "This field is required"),
        ({"name": "Not a name"}, "Use lower-case letters"),
        ({"template": "none"}, "Select a valid choice"),
        ({"memory": "99999999"}, "allows 8192 MiB a container"),
        ({"cpu": "64"}, "allows 4 CPU a container"),
        ({"cpu": "0"}, "greater than or equal to 0.01"),
        ({"memory": "-5"}, "greater than or equal to 6"),
    ],
)
def test_a_form_says_what_is_wrong_where_it_is(client: Client, fields: dict[str, str], said: str) -> None:
    page = create(client, **fields)
    assert page.status_code == 200
    assert said in page.content.decode()
    assert Container.objects.count() == 0


def test_the_list_says_what_is_used_of_the_plan_and_what_is_over_it(client: Client, tenant: Tenant) -> None:
    create(client)
    create(client, name="second")
    page = text(client.get("/"))
    assert "Plan Enterprise 2 containers" in page
    assert "8 GiB of memory, 4 CPU" in page
    standing.change_plan(tenant, Plan.objects.get(code="free"), actor=None)
    for page in (text(client.get("/")), text(client.get("/", headers={"HX-Request": "true"}))):
        assert "Plan Free 2 of 1 container " in page
        assert "512 MiB of memory" in page
        assert "Over the plan: 2 containers, the plan allows 1." in page
        assert "Delete those that nobody needs, or ask whoever runs Warren for a larger plan." in page


def test_what_is_over_the_plan_in_several_ways_is_said_once(client: Client, tenant: Tenant) -> None:
    create(client)
    create(client, name="second")
    Tenant.objects.filter(pk=tenant.pk).update(plan=Plan.objects.get(code="free"))  # nothing is brought within it
    page = text(client.get("/"))
    assert page.count("More is used than the plan Free allows.") == 1
    assert "2 containers, the plan allows 1. Delete those that nobody needs." in page
    assert "Memory of 8 GiB, the plan allows 512 MiB. Give the largest container less memory" in page
    assert page.count("ask whoever runs Warren for a larger plan") == 1


def test_a_suspended_tenant_is_offered_no_new_container(client: Client, tenant: Tenant) -> None:
    create(client)
    assert "New container" in text(client.get("/"))
    standing.suspend(tenant, actor=None, reason="Overdue.")
    page = text(client.get("/"))
    assert "Acme is suspended." in page
    assert "New container" not in page


def test_a_refused_verb_is_said_on_the_page(client: Client) -> None:
    where = create(client).headers["Location"]
    assert "Only a running container can be restarted" in client.post(f"{where}restart/", follow=True).content.decode()


def test_nobody_else_gets_in(client: Client, stranger: User) -> None:
    where = create(client).headers["Location"]
    other = Client()
    for path in ("/", "/containers/new/", where, f"{where}live/", f"{where}rename/", f"{where}delete/"):
        answer = other.get(path)
        assert answer.status_code == 302
        assert answer.headers["Location"].startswith("/sign-in/")
    fragment = other.get(f"{where}live/", headers={"HX-Request": "true"})
    assert fragment.headers["HX-Redirect"] == "/sign-in/?signed-out"
    assert b"You were signed out" in other.get(fragment.headers["HX-Redirect"]).content
    other.force_login(stranger)
    for path in (where, f"{where}live/", f"{where}rename/", f"{where}delete/"):
        assert other.get(path).status_code in {200, 404}
        assert b"box-acme" not in other.get(path).content
    for verb in ("start", "stop", "restart", "retry", "rename", "delete"):
        assert other.post(f"{where}{verb}/").status_code == 404
    assert other.post(f"{where}surprise/").status_code == 404
    assert other.get("/containers/new/").status_code == 403
    assert Container.objects.get().desired == "running"


def test_forms_need_their_token(client: Client, owner: User) -> None:
    where = create(client).headers["Location"]
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(owner)
    assert strict.post(f"{where}delete/").status_code == 403
    assert Container.objects.get().desired == "running"


def test_names_from_outside_are_text(client: Client, template: Template, tenant: Tenant) -> None:
    template.name = "<script>alert(1)</script>"
    template.description = "<img src=x onerror=alert(1)>"
    template.save()
    page = client.get("/containers/new/").content
    assert b"<script>alert" not in page
    assert b"<img src=x" not in page


def test_signing_in_and_out_is_on_record(owner: User) -> None:
    client = Client()
    assert client.post("/sign-in/", {"username": "ALICE@example.com", "password": "wrong"}).status_code == 200
    assert client.post("/sign-in/", {"username": "ALICE@example.com", "password": "secret"}).status_code == 302
    assert client.post("/sign-out/").status_code == 302
    rows = AuditEvent.objects.order_by("pk").values_list("action", "outcome", "actor")
    assert list(rows) == [
        ("user:sign_in", "refused", ""),
        ("user:sign_in", "done", "alice@example.com"),
        ("user:sign_out", "done", "alice@example.com"),
    ]


@pytest.mark.parametrize("to", ["//evil.example", "https://evil.example/"])
def test_signing_in_leads_nowhere_else(owner: User, to: str) -> None:
    answer = Client().post(f"/sign-in/?next={to}", {"username": owner.email, "password": "secret", "next": to})
    assert answer.headers["Location"] == "/"


def test_numbers_are_there_without_javascript(client: Client) -> None:
    where = create(client, cpu="0.5").headers["Location"]
    converge()
    metrics = f"{where}metrics/"
    assert "Nothing was measured" in client.get(metrics).content.decode()
    now, of = timezone.now(), Container.objects.get()
    measured = {"cpu_percent": 25.0, "memory_used": 3 << 20, "memory_limit": 12 << 20, "network_rx": 0, "network_tx": 0}
    Sample.objects.create(container=of, sampled_at=now, pids=7, **measured)
    page = client.get(metrics).content.decode()
    for said in (
        "<dd>50\N{NO-BREAK SPACE}%</dd>",
        "3\N{NO-BREAK SPACE}MiB of 12\N{NO-BREAK SPACE}MiB, 25\N{NO-BREAK SPACE}%",
        "<dd>7</dd>",
    ):
        assert said in page
    assert "Charts need JavaScript." in page
    overview = client.get(where).content.decode()
    assert '<span data-number="cpu">50\N{NO-BREAK SPACE}%</span>' in overview
    assert "Nothing was measured" not in overview
    assert "The log needs JavaScript" in client.get(f"{where}logs/").content.decode()
    Sample.objects.update(sampled_at=now - timedelta(minutes=1))  # it stopped since, or nothing measures
    assert "Nothing was measured" in client.get(metrics).content.decode()
    assert '<span data-number="cpu">\N{EN DASH}</span>' in client.get(where).content.decode()
