"""The page that creates a container: its name, its size, who is let in from the start, and what makes it impossible."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from access.models import Grant
from containers.engine.memory import MemoryEngine
from containers.models import Container, Template
from tenants import standing
from tenants.models import AuditEvent, Plan, Tenant, User
from tests.pages.test_pages import create, text

pytestmark = pytest.mark.django_db
MIB = 1 << 20


@pytest.fixture
def client(owner: User, tenant: Tenant, template: Template, memory: MemoryEngine, zone: Any) -> Client:
    found = Client()
    found.force_login(owner)
    return found


def on_record() -> Any:
    return AuditEvent.objects.exclude(action="user:sign_in").order_by("pk")


def focused(page: str) -> str:
    """The tag that the keyboard begins at."""
    before, _, after = page.partition(" autofocus")
    return before.rpartition("<")[2] + after.partition(">")[0]


def let_in(**fields: Any) -> dict[str, Any]:
    return {"email": "gina@example.com, Hal <hal@example.com>", "permission": "operate", "end": "day", **fields}


def check(client: Client, name: str) -> str:
    page = client.get("/containers/new/name/", {"name": name})
    assert b"<html" not in page.content
    return text(page)


def test_a_name_is_judged_while_it_is_typed(client: Client) -> None:
    create(client, name="taken")
    assert check(client, "box") == "Free. Its address will be box-acme.containers.localhost"
    assert "There is a container taken already" in check(client, "taken")
    assert "Use lower-case letters" in check(client, "No such name")
    assert "The name admin is reserved" in check(client, "admin")
    assert "Use a name of 37 characters at most" in check(client, "a" * 41)
    assert check(client, " ") == ""
    assert Container.objects.count() == 1


def test_a_name_is_judged_for_the_tenant_that_gets_it(client: Client, stranger: User) -> None:
    assert client.get("/containers/new/name/", {"name": "box", "tenant": "globex"}).status_code == 403
    other = Client()
    other.force_login(stranger)
    assert other.get("/containers/new/name/", {"name": "box"}).status_code == 403


@pytest.mark.parametrize(
    ("asked", "memory", "cpu"),
    [
        ({}, 8192, 4000),
        ({"size": "large"}, 8192, 4000),
        ({"size": "small"}, 2048, 1000),
        ({"size": "medium", "memory": "100"}, 100, 2000),
        ({"size": "medium", "cpu": "0.25"}, 4096, 250),
    ],
)
def test_a_size_is_part_of_what_the_plan_gives(client: Client, asked: dict[str, str], memory: int, cpu: int) -> None:
    assert create(client, **asked).status_code == 302
    made = Container.objects.get()
    assert (made.memory, made.cpu) == (memory * MIB, cpu)


def test_the_page_names_the_plans_limits(client: Client, tenant: Tenant) -> None:
    standing.change_plan(tenant, Plan.objects.get(code="pro"), actor=None)
    page = text(client.get("/containers/new/"))
    for words in (
        "0 of 5 containers used",
        "Large 2 GiB of memory, 1 CPU all that the plan Pro gives one",
        "Small 512 MiB of memory, 0.25 CPU",
        "The plan Pro allows 2048 a container.",
        "Storage: 20 GiB, as the plan Pro gives each container.",
    ):
        assert words in page


def test_the_template_of_the_address_is_chosen(client: Client) -> None:
    Template.objects.create(slug="notes", name="Notes", image="warren/notes:latest", data_folder="/data", port=9000)
    for query, chosen in {"?template=notes": "notes", "": "hello", "?template=none": "hello"}.items():
        page = client.get(f"/containers/new/{query}").content.decode()
        assert f'value="{chosen}" required checked' in page
    assert "Answers on port 9000 · keeps /data" in text(client.get("/containers/new/"))


def test_variables_go_before_the_templates(client: Client, template: Template) -> None:
    template.environment = {"GREETING": "hello", "KEPT": "yes"}
    template.save()
    create(client, environment="GREETING=moin\r\nEMPTY=\r\n")
    assert Container.objects.get().environment == {"GREETING": "moin", "KEPT": "yes", "EMPTY": ""}
    for wrong, said in {"nothing": "Line 1 has no equals sign", "WARREN_X=1": "are Warren"}.items():
        page = create(client, name="other", environment=wrong)
        assert said in text(page)
        assert f">\n{wrong}</textarea>" in page.content.decode()
    assert Container.objects.count() == 1


def test_people_are_let_in_with_it(client: Client) -> None:
    assert create(client, **let_in(note="For the redesign")).status_code == 302
    made = Container.objects.get()
    rows = list(Grant.objects.filter(container=made).order_by("email"))
    assert [(row.email, row.permission, row.note) for row in rows] == [
        ("gina@example.com", "operate", "For the redesign"),
        ("hal@example.com", "operate", "For the redesign"),
    ]
    assert rows[0].expires_at
    assert abs(rows[0].expires_at - timezone.now() - timedelta(days=1)) < timedelta(minutes=1)
    actions = on_record().values_list("action", "outcome")
    assert sorted(actions) == [("container:create", "done"), ("grant:create", "done"), ("grant:create", "done")]


def test_what_is_said_about_nobody_need_not_be_right(client: Client) -> None:
    assert create(client, **let_in(email=" ", permission="all", end="never ever")).status_code == 302
    assert Grant.objects.count() == 0


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        (
            {"email": "gina@example.com\nnobody"},
            "&#x27;nobody&#x27; is not an e-mail address. Write it as name@example.com.",
        ),
        ({"email": "alice@example.com"}, "alice@example.com is a member of Acme and may do everything already."),
        ({"permission": "all"}, "Select a valid choice"),
        ({"end": "at"}, "Say when it is to end."),
    ],
)
def test_nothing_is_made_where_somebody_cannot_be_let_in(client: Client, fields: dict[str, str], said: str) -> None:
    page = create(client, **let_in(**fields))
    assert page.status_code == 200
    assert said in page.content.decode()
    assert "Nothing was made yet" in text(page)
    assert 'value="box"' in page.content.decode()
    assert (Container.objects.count(), Grant.objects.count()) == (0, 0)


def test_a_refusal_that_takes_all_back_is_on_record(client: Client) -> None:
    create(client, **let_in(email="alice@example.com"))
    (row,) = on_record().values_list("action", "outcome", "reason", "actor")
    assert row == ("container:create", "refused", "already_member", "alice@example.com")
    create(client, **let_in(), name="admin")
    assert list(on_record().values_list("reason", flat=True)) == ["already_member", "name_reserved"]


def test_the_keyboard_begins_where_something_is_wrong(client: Client) -> None:
    fresh = client.get("/containers/new/").content.decode()
    assert fresh.count(" autofocus") == 1
    assert 'name="name"' in focused(fresh)
    wrong = create(client, cpu="64").content.decode()
    assert wrong.count(" autofocus") == 1
    assert 'name="cpu"' in focused(wrong)
    assert '<details class="below" open>' in wrong


def test_a_full_plan_is_said_before_anything_is_asked(client: Client, tenant: Tenant) -> None:
    standing.change_plan(tenant, Plan.objects.get(code="free"), actor=None)
    create(client)
    page = client.get("/containers/new/")
    assert "The plan Free allows 1 container, and 1 is there. Delete one that nobody needs any more" in text(page)
    assert b'name="name"' not in page.content
    late = create(client, name="second")  # it was full by the time that it was sent
    assert "Delete one first, or ask for another plan." in text(late)
    assert 'value="second"' in late.content.decode()


def test_what_else_makes_it_impossible_is_said_first(client: Client, tenant: Tenant, template: Template) -> None:
    template.enabled = False
    template.save()
    page = client.get("/containers/new/")
    assert "There is no template on the plan Enterprise." in text(page)
    assert b'name="name"' not in page.content
    standing.suspend(tenant, actor=None, reason="The invoice is overdue.")
    page = client.get("/containers/new/")
    assert "Acme is suspended. The invoice is overdue. No container can be made" in text(page)
    assert b'name="name"' not in page.content
