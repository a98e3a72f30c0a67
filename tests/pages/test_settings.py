"""The pages of a container beside its own, as HTML."""

from typing import Any

import pytest
from django.test import Client

from containers import admission, changes
from containers.engine.memory import MemoryEngine
from containers.models import Container, Template
from tenants.models import Tenant, User
from tests.conftest import converge

pytestmark = pytest.mark.django_db
MIB = 1024**2


@pytest.fixture
def client(owner: User, tenant: Tenant, template: Template, memory: MemoryEngine, zone: Any) -> Client:
    found = Client()
    found.force_login(owner)
    return found


@pytest.fixture
def box(client: Client) -> str:
    where: str = client.post("/containers/new/", {"name": "box", "template": "hello"}).headers["Location"]
    converge()
    return where


def fields(client: Client, box: str, **changes: Any) -> dict[str, Any]:
    """What a browser would send of the form as it stands, but for these changes."""
    form = client.get(f"{box}settings/").context["form"]
    return {name: form[name].value() or "" for name in form.fields} | changes


def save(client: Client, box: str, **changes: Any) -> Any:
    return client.post(f"{box}settings/", fields(client, box, **changes))


def test_the_page_leads_to_all_of_them(client: Client, box: str) -> None:
    page = client.get(box).content.decode()
    for name in ("settings", "recreate", "duplicate"):
        assert f'href="{box}{name}/"' in page
    assert f"{box}data/" not in page, "its template keeps none"
    assert "keeps no data" in client.get(f"{box}data/").content.decode()


def test_a_form_sent_as_it_stands_changes_nothing(client: Client, box: str) -> None:
    Container.objects.update(memory=100 * MIB + 1, cpu=333, environment={"A": " x=y ", "LINES": "one\ntwo"})
    assert save(client, box).status_code == 302
    row = Container.objects.get()
    assert (row.generation, row.memory, row.cpu) == (1, 100 * MIB + 1, 333)
    assert row.environment == {"A": " x=y ", "LINES": "one\ntwo"}


def test_all_settings(client: Client, box: str) -> None:
    lines = "GREETING=hello = world\r\n\r\nEMPTY=\r\n"
    answer = save(
        client, box, label="x", port="9000", memory="64", cpu="0.25", environment=lines, secrets="KEY=hidden value"
    )
    assert answer.headers["Location"] == box
    row = Container.objects.get()
    assert (row.label, row.port, row.memory, row.cpu) == ("x", 9000, 64 * MIB, 250)
    assert row.resets_connections, "ticked, as long as nobody takes that away"
    assert row.environment == {"GREETING": "hello = world", "EMPTY": ""}
    assert row.secret_values == {"KEY": "hidden value"}
    page = client.get(f"{box}settings/").content.decode()
    assert "KEY" in page
    assert "hidden value" not in page
    assert page.index('name="secrets"') < page.index('name="resets_connections"') < page.index("Reset open connections")
    save(client, box, environment="EMPTY=", secrets="NEW=2", forget=["KEY"], resets_connections="")
    row.refresh_from_db()
    assert not row.resets_connections
    assert (row.environment, row.secret_values) == ({"EMPTY": ""}, {"NEW": "2"})


def browsed(answer: Any) -> dict[str, Any]:
    """What a browser would send of the form that stands there now."""
    form = answer.context["form"]
    return {name: form[name].value() or "" for name in form.fields}


def others(answer: Any) -> list[tuple[str, ...]]:
    """Of each setting that somebody else changed: its name, what it was, what it is, and what was typed."""
    rows = answer.context["form"].others()
    return [(row["name"] or str(row["field"]), row["before"], row["now"], row["mine"]) for row in rows]


def test_a_stale_form_undoes_nobody_elses_change(client: Client, box: str, owner: User) -> None:
    Container.objects.update(environment={"BOTH": "0", "KEPT": "0", "GONE": "0"})
    typed = "BOTH=mine\r\nKEPT=0\r\nGONE=0\r\nMINE=1\r\n"
    stale = fields(client, box, label="mine", memory="64", environment=typed)
    container = Container.objects.get()
    theirs = {"BOTH": "theirs", "GONE": None, "THEIRS": "1"}
    changes.change(container, actor=owner, port=9000, memory=32 * MIB, environment=theirs)
    answer = client.post(f"{box}settings/", stale)
    container.refresh_from_db()
    assert (container.label, container.port, container.memory) == ("", 9000, 32 * MIB)
    assert container.environment == {"BOTH": "theirs", "KEPT": "0", "THEIRS": "1"}
    assert others(answer) == [
        ("Port", "8080", "9000", ""),
        ("Memory", "8192 MiB", "32 MiB", "64 MiB"),
        ("BOTH", "0", "theirs", "mine"),
        ("THEIRS", "not set", "1", ""),
        ("GONE", "0", "not set", ""),
    ], "in the order of the form"
    shown = browsed(answer)
    assert (shown["label"], shown["port"], shown["memory"]) == ("mine", 9000, "64"), "typed, or as it is now"
    assert shown["environment"] == "BOTH=mine\nKEPT=0\nMINE=1\nTHEIRS=1"
    assert list(answer.context["form"].errors) == ["memory", "environment"], "at what would be undone"
    page = answer.content.decode()
    assert page.index('id="overtaken" tabindex="-1" autofocus') < page.index("Save mine over it")
    assert page.count(" autofocus") == 1
    assert client.post(f"{box}settings/", shown).status_code == 302
    container.refresh_from_db()
    assert (container.label, container.port, container.memory) == ("mine", 9000, 64 * MIB)
    assert container.environment == {"BOTH": "mine", "KEPT": "0", "MINE": "1", "THEIRS": "1"}


def test_what_was_not_opened_is_not_saved_over(client: Client, box: str, owner: User) -> None:
    """Knowing one change is not knowing the next one."""
    stale = fields(client, box, port="7000")
    changes.change(Container.objects.get(), actor=owner, port=9000)
    shown = browsed(client.post(f"{box}settings/", stale))
    changes.change(Container.objects.get(), actor=owner, port=9001)
    answer = client.post(f"{box}settings/", shown)
    assert others(answer) == [("Port", "9000", "9001", "7000")]
    assert Container.objects.get().port == 9001


def test_a_stale_form_tells_no_secret(client: Client, box: str, owner: User) -> None:
    container = Container.objects.get()
    changes.change(container, actor=owner, secrets={"BOTH": "zero", "KEPT": "kept", "LOST": "lost"})
    stale = fields(client, box, secrets="BOTH=of mine\nMINE=1", forget=["KEPT", "LOST"])
    changes.change(container, actor=owner, secrets={"BOTH": "of theirs", "LOST": None, "THEIRS": "hidden"})
    answer = client.post(f"{box}settings/", stale)
    assert others(answer) == [
        ("BOTH", "set", "set to another value", "a new value"),
        ("THEIRS", "not set", "set", ""),
    ]
    page = answer.content.decode()
    assert [value for value in ("zero", "kept", "lost", "of theirs", "hidden") if f"{value}<" in page] == []
    assert "BOTH=of mine" in page, "what was typed stays"
    assert client.post(f"{box}settings/", browsed(answer)).status_code == 302
    container.refresh_from_db()
    assert container.secret_values == {"BOTH": "of mine", "MINE": "1", "THEIRS": "hidden"}


def test_what_stands_in_no_form_makes_none_stale(client: Client, box: str, owner: User) -> None:
    stale = fields(client, box, label="mine", port="9000")
    container = Container.objects.get()
    admission.stop(container, actor=owner)
    changes.change(container, actor=owner, port=9000)
    assert client.post(f"{box}settings/", stale).status_code == 302, "the same was typed here"
    container.refresh_from_db()
    assert (container.label, container.port, container.desired) == ("mine", 9000, "stopped")


@pytest.mark.parametrize(
    "seen",
    ["", "{", "[1, 2]", '"x"', '[["port", "", [1]], ["port", "x", 1], ["foreign", "", 1], ["environment", "", 1]]'],
)
def test_a_form_that_does_not_say_what_it_knew_is_stale_in_all(
    client: Client, box: str, owner: User, seen: str
) -> None:
    stale = fields(client, box, label="mine", seen=seen)
    changes.change(Container.objects.get(), actor=owner, port=9000)
    answer = client.post(f"{box}settings/", stale)
    assert {name for name, _before, _now, mine in others(answer) if mine} >= {"Port", "Label"}
    assert Container.objects.get().port == 9000


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"environment": "no sign"}, "Line 1 has no equals sign"),
        ({"environment": "A=1\nA=2"}, "Line 2 names a variable for the second time"),
        ({"environment": "1A=x"}, "name has letters, digits and underscores"),
        ({"secrets": "WARREN_X=x"}, "own"),
        ({"memory": "99999"}, "allows 8192 MiB a container"),
        ({"memory": "1"}, "greater than or equal to 6"),
        ({"cpu": "64"}, "allows 4 CPU a container"),
        ({"port": "70000"}, "less than or equal to 65535"),
        ({"label": "x" * 101}, "at most 100 characters"),
        ({"forget": ["NONE"]}, None),
    ],
)
def test_what_is_wrong_is_said_where_it_is(client: Client, box: str, changes: dict[str, Any], said: str | None) -> None:
    answer = save(client, box, **changes)
    row = Container.objects.get()
    assert (row.generation, row.environment, row.secrets) == (1, {}, "")
    assert answer.status_code == (200 if said else 302)
    if said:
        assert said in answer.content.decode().replace("&#x27;", "'")


def test_duplicate_and_recreate(client: Client, box: str, memory: MemoryEngine) -> None:
    assert "already" in client.post(f"{box}duplicate/", {"name": "box"}).content.decode()
    made = client.post(f"{box}duplicate/", {"name": "twin"})
    assert made.headers["Location"] == f"/containers/{Container.objects.get(name='twin').pk}/"
    before = memory.containers[Container.objects.get(name="box").engine_name].id
    assert client.get(f"{box}recreate/").status_code == 200
    assert memory.containers[Container.objects.get(name="box").engine_name].id == before
    assert client.post(f"{box}recreate/").status_code == 302
    converge()
    assert memory.containers[Container.objects.get(name="box").engine_name].id != before


def test_nobody_else(client: Client, box: str, stranger: User) -> None:
    other = Client()
    other.force_login(stranger)
    for name in ("settings", "duplicate", "recreate", "data"):
        assert other.get(f"{box}{name}/").status_code == 404
    for name in ("settings", "duplicate", "recreate", "data/export", "data/restore"):
        assert other.post(f"{box}{name}/").status_code == 404
    assert Container.objects.get().generation == 1


def test_the_admin_shows_no_secret(client: Client, box: str, owner: User) -> None:
    save(client, box, secrets="KEY=hidden value")
    owner.is_staff = owner.is_superuser = True
    owner.save()
    page = client.get(f"/admin/containers/container/{Container.objects.get().pk}/change/")
    assert page.status_code == 200
    assert "hidden value" not in page.content.decode()
