"""Who came, as members and programs read it: by whom it may be read, each filter, the pages."""

import datetime
import re
from typing import Any

import pytest

from access.models import Grant
from containers.models import Container
from tenants.models import AuditEvent, Membership, Role, Tenant, User
from tests.access.conftest import page_of
from tests.access.visiting import MINUTE, NOW, api_of, came, given, made, url

pytestmark = pytest.mark.django_db


def test_who_may_read_them(box: Container, owner: User, tenant: Tenant, stranger: User) -> None:
    came(box)
    bob = User.objects.create_user("bob@example.com", "secret")
    Membership.objects.create(tenant=tenant, user=bob, role=Role.MEMBER)
    gina = User.objects.create_user("gina@example.com", "secret")
    grant = given(box, gina.email, "manage")
    for reader in (owner, bob):
        assert len(api_of(reader).get(url(box)).json()["results"]) == 1
        assert api_of(reader).get(url(box, "export/")).status_code == 200
        assert page_of(reader).get(f"/containers/{box.pk}/visits/").status_code == 200
    for path in (url(box), url(box, "export/")):
        answer = api_of(gina).get(path)
        assert (answer.status_code, answer.json()["code"]) == (403, "visits_hidden")
        assert api_of(stranger).get(path).status_code == 404
    for path in ("", "export/"):
        answer = page_of(gina).get(f"/containers/{box.pk}/visits/{path}")
        assert answer.status_code == 403
        assert "its members alone" in answer.content.decode()
        assert page_of(stranger).get(f"/containers/{box.pk}/visits/{path}").status_code == 404
    refused = AuditEvent.objects.filter(outcome="refused", actor=gina.email)
    assert set(refused.values_list("action", "reason")) == {
        ("visits:view", "visits_hidden"),
        ("visits:export", "visits_hidden"),
    }
    Grant.objects.filter(pk=grant.pk).update(ended_at=NOW)
    assert api_of(gina).get(url(box)).status_code == 404


def test_a_deleted_container_keeps_them_for_its_members(box: Container, owner: User) -> None:
    came(box)
    Container.objects.update(deleted_at=NOW)
    assert len(api_of(owner).get(url(box)).json()["results"]) == 1
    assert page_of(owner).get(f"/containers/{box.pk}/visits/").status_code == 200


def test_what_a_visit_says(box: Container, owner: User) -> None:
    grant = given(box, "gina@example.com", "view")
    visit = came(box, grant=grant, action="login", connection="onetimepin")
    (shown,) = api_of(owner).get(url(box)).json()["results"]
    assert shown == {
        "id": str(visit.pk),
        "at": shown["at"],
        "email": "gina@example.com",
        "allowed": True,
        "action": "login",
        "hostname": "box-acme.example",
        "connection": "onetimepin",
        "ip": "192.0.2.7",
        "ray_id": "ray0",
        "grant": str(grant.pk),
    }
    assert datetime.datetime.fromisoformat(shown["at"]) == visit.at


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, [1, 2, 3]),
        ({"email": "GINA"}, [1, 3]),
        ({"allowed": "false"}, [2]),
        ({"allowed": "true"}, [1, 3]),
        ({"since": (NOW - 2 * MINUTE).isoformat()}, [1, 2]),
        ({"until": (NOW - 2 * MINUTE).isoformat()}, [2, 3]),
        ({"email": "nobody"}, []),
    ],
)
def test_every_filter_finds(asked: dict[str, str], found: list[int], box: Container, owner: User) -> None:
    for minutes in (3, 1):
        came(box, minutes)
    came(box, 2, "charlie@example.com", allowed=False)
    other = made(box.tenant, box.template, "other")
    came(other, 1)
    rows = api_of(owner).get(url(box), asked).json()["results"]
    assert [row["ray_id"] for row in rows] == [f"ray{number}" for number in found]


def test_those_of_one_grant(box: Container, owner: User) -> None:
    grant = given(box, "gina@example.com", "view")
    came(box, 1, grant=grant)
    came(box, 2)
    assert [row["ray_id"] for row in api_of(owner).get(url(box), {"grant": str(grant.pk)}).json()["results"]] == [
        "ray1"
    ]


@pytest.mark.parametrize(
    "asked", [{"mail": "x"}, {"allowed": "maybe"}, {"grant": "7"}, {"since": "soon"}, {"email": "\0"}]
)
def test_what_is_no_filter_is_told(asked: dict[str, str], box: Container, owner: User) -> None:
    for path in (url(box), url(box, "export/")):
        answer = api_of(owner).get(path, asked)
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    shown = page_of(owner).get(f"/containers/{box.pk}/visits/", asked)
    assert shown.status_code == 200


@pytest.mark.parametrize("apart", [0, 1])
def test_pages_by_cursor(apart: int, box: Container, owner: User, django_assert_max_num_queries: Any) -> None:
    """Many of one moment, over the borders of pages; and such as are a minute apart, while others come."""
    for number in range(7):
        came(box, number * apart, f"p{number}@example.com")
    api, seen, at = api_of(owner), [], url(box) + "?per_page=3"
    while at:
        with django_assert_max_num_queries(7):
            answer = api.get(at).json()
        seen += [row["email"] for row in answer["results"]]
        at = answer["next"]
        if apart:
            came(box, -1)
    assert sorted(seen) == [f"p{number}@example.com" for number in range(7)]
    assert api.get(url(box), {"cursor": "nonsense"}).status_code == 404
    assert page_of(owner).get(f"/containers/{box.pk}/visits/", {"cursor": "nonsense"}).status_code == 404


def test_whoever_looks_is_on_record_once(box: Container, owner: User) -> None:
    def looks() -> list[Any]:
        rows = AuditEvent.objects.filter(action="visits:view").order_by("pk")
        return list(rows.values_list("actor", "target", "tenant", "detail"))

    first = ("alice@example.com", str(box), "acme", {"asked": {}})
    for _ in range(3):
        api_of(owner).get(url(box))
        page_of(owner).get(f"/containers/{box.pk}/visits/")
    assert looks() == [first]
    api_of(owner).get(url(box), {"email": "gina"})
    assert looks() == [first, (*first[:3], {"asked": {"email": "gina"}})]
    bob = User.objects.create_user("bob@example.com", "secret")
    Membership.objects.create(tenant=box.tenant, user=bob, role=Role.MEMBER)
    api_of(bob).get(url(box))
    assert len(looks()) == 3


def test_the_page(share: Any, container: Container, owner: User) -> None:
    grant = share(permission="operate")
    client, at = page_of(owner), f"/containers/{container.pk}/visits/"
    assert "Nobody yet" in client.get(at).content.decode()
    came(container, 1, grant=grant)
    came(container, 2, "charlie@example.com", allowed=False)
    page = client.get(at).content.decode()
    assert f"?grant={grant.pk}" in page
    assert "access given by alice@example.com" in page
    assert "a member" not in page
    came(container, 3, "alice@example.com", connection="onetimepin")
    mine = client.get(at, {"email": "alice"}).content.decode()
    assert all(words in mine for words in ("a member", "by one-time PIN", 'type="hidden" name="grant"'))
    one = " ".join(re.sub("<[^>]+>", "", client.get(at, {"grant": grant.pk}).content.decode()).split())
    assert "Visits of gina@example.com only, by the access that alice@example.com gave." in one
    assert "Grant: Enter a valid UUID" in client.get(at, {"grant": "7"}).content.decode()
    assert "refused" in page
    narrowed = client.get(at, {"allowed": "false"}).content.decode()
    assert "charlie@example.com" in narrowed
    assert "gina@example.com" not in narrowed
    assert "/visits/export/?allowed=false" in narrowed
    assert "No visit matches" in client.get(at, {"email": "nobody"}).content.decode()
    tab = f"/containers/{container.pk}/activity/"
    assert f'href="{tab}"' in client.get(f"/containers/{container.pk}/").content.decode()
    assert f'href="{at}"' in client.get(tab).content.decode()
