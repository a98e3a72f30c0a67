"""The pages of a container beside its own, as HTML."""

from typing import Any

import pytest
from django.test import Client

from containers import changes
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


def test_a_stale_form_undoes_nobody_elses_change(client: Client, box: str, owner: User) -> None:
    stale = fields(client, box, label="mine")
    container = Container.objects.get()
    changes.change(container, actor=owner, port=9000, environment={"THEIRS": "1"})
    answer = client.post(f"{box}settings/", stale)
    container.refresh_from_db()
    assert (container.label, container.port, container.environment) == ("", 9000, {"THEIRS": "1"})
    assert "Somebody changed this container" in answer.content.decode()
    assert answer.context["form"]["port"].value() == 9000, "as it is now"
    shown = {name: answer.context["form"][name].value() or "" for name in answer.context["form"].fields}
    assert client.post(f"{box}settings/", shown | {"label": "mine"}).status_code == 302
    container.refresh_from_db()
    assert (container.label, container.port) == ("mine", 9000)


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
