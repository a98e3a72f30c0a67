"""Several tenants and one person: which one they work for, and how they change it."""

from typing import Any

import pytest

from containers.models import Container, Template
from tenants import standing
from tenants.models import Membership, Role, Tenant, User
from tests.conftest import make_tenant
from tests.people.conftest import api, pages

pytestmark = pytest.mark.django_db


@pytest.fixture
def second(owner: User, bob: User) -> Tenant:
    """Alice's, too; that bob is in the first must not double it in any list."""
    return make_tenant("globex", owner)


def create(page: Any, name: str, query: str = "") -> str:
    assert page.post(f"/containers/new/{query}", {"name": name, "template": "hello"}).status_code == 302
    return str(Container.objects.get(name=name).tenant.slug)


def test_the_switch_decides_where_things_are_made(
    owner: User, tenant: Tenant, second: Tenant, template: Template, memory: Any, zone: Any
) -> None:
    page = pages(owner)
    assert create(page, "one") == "acme"
    moved = page.post("/switch/", {"tenant": "globex", "next": "/account/"})
    assert moved.headers["Location"] == "/account/"
    assert create(page, "two") == "globex"
    assert create(page, "three", "?tenant=acme") == "acme"
    listed = page.get("/").content.decode()
    assert "two-globex" in listed
    assert "one-acme" not in listed
    assert '<button name="tenant" value="globex" aria-current="true">' in listed
    page.post("/switch/", {"tenant": "acme"})
    assert "one-acme" in page.get("/").content.decode()


def test_nobody_switches_to_what_is_not_theirs(owner: User, second: Tenant, stranger: User) -> None:
    make_tenant("initech", stranger)
    page = pages(owner)
    answer = page.post("/switch/", {"tenant": "initech"}, follow=True)
    assert "not a member of the tenant initech" in answer.content.decode()
    assert '<button name="tenant" value="acme" aria-current="true">' in answer.content.decode()
    assert "initech" not in page.get("/account/").content.decode()


def test_who_was_removed_is_back_at_their_first(owner: User, second: Tenant) -> None:
    page = pages(owner)
    page.post("/switch/", {"tenant": "globex"})
    Membership.objects.get(user=owner, tenant=second).delete()
    text = page.get("/account/").content.decode()
    assert "Acme" in text
    assert "Globex" not in text
    assert 'name="tenant"' not in text, "one tenant needs no switch"


@pytest.mark.parametrize(
    "there", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", ""]
)
def test_it_leads_nowhere_else(owner: User, second: Tenant, there: str) -> None:
    assert pages(owner).post("/switch/", {"tenant": "globex", "next": there}).headers["Location"] == "/"


def test_a_further_tenant_where_registration_is_open(owner: User, tenant: Tenant, settings: Any) -> None:
    settings.REGISTRATION_OPEN = True
    page = pages(owner)
    assert "New tenant" in page.get("/account/").content.decode()
    made = page.post("/tenants/new/", {"tenant_name": "Acme", "slug": ""})
    assert made.headers["Location"] == "/tenants/acme2/"
    assert Membership.objects.get(tenant__slug="acme2").role == Role.OWNER
    assert "reserved" in page.post("/tenants/new/", {"tenant_name": "X", "slug": "admin"}).content.decode()
    assert '<button name="tenant" value="acme2" aria-current="true">' in page.get("/").content.decode()


def test_a_closed_tenant_is_nobodys(owner: User, second: Tenant) -> None:
    """Even if a row said otherwise, as one would that was written while it closed."""
    standing.close(second, actor=None)
    Membership.objects.create(tenant=second, user=owner, role=Role.OWNER)
    client, page = api(owner), pages(owner)
    assert [row["slug"] for row in client.get("/api/v1/tenants/").json()["results"]] == ["acme"]
    assert [row["slug"] for row in client.get("/api/v1/me/").json()["tenants"]] == ["acme"]
    for path in ("", "members/", "invitations/", "usage/"):
        assert client.get(f"/api/v1/tenants/globex/{path}").status_code == 404, path
    assert client.get("/api/v1/audit/", {"tenant": "globex"}).json()["code"] == "no_tenant"
    assert page.get("/tenants/globex/").status_code == 404
    assert "globex" not in page.get("/account/").content.decode()


def test_each_tenant_once(owner: User, second: Tenant) -> None:
    text = pages(owner).get("/account/").content.decode()
    assert text.count('name="tenant" value="acme"') == text.count('name="tenant" value="globex"') == 1
