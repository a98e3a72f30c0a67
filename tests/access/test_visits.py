"""Who came, as its members, programs and staff read it; and for how long it is kept."""

import csv
import datetime
import io
import re
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.db import connection
from django.test import AsyncClient, Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from access import tasks, visits
from access.models import Grant, Visit
from access.visits import pruning
from access.visits.ties import Span, grant_of
from containers.models import Container, ContainerStatus, Template
from tenants.models import AuditEvent, Membership, Role, Tenant, User

pytestmark = pytest.mark.django_db

NOW = timezone.now()
DAY, MINUTE = datetime.timedelta(days=1), datetime.timedelta(minutes=1)


@pytest.fixture
def box(owner: User, tenant: Tenant, template: Template) -> Container:
    """A row alone: nothing here asks what became of it."""
    return made(tenant, template, "box")


def made(tenant: Tenant, template: Template, name: str) -> Container:
    limits = {"memory": 2**26, "cpu": 100, "storage": 2**30}
    facts = {"hostname": f"{name}-acme.example", "image": template.image, "port": 8080, **limits}
    row = Container.objects.create(tenant=tenant, template=template, name=name, **facts)
    ContainerStatus.objects.create(container=row)
    return row


def came(box: Container, minutes: int = 0, email: str = "gina@example.com", **more: Any) -> Visit:
    at = more.pop("at", NOW - minutes * MINUTE)
    facts = {"allowed": True, "hostname": box.hostname, "ip": "192.0.2.7", "ray_id": f"ray{minutes}", **more}
    return Visit.objects.create(container=box, email=email, at=at, **facts)


def api_of(user: User) -> APIClient:
    client = APIClient()
    client.force_authenticate(user)
    return client


def page_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def url(box: Container, more: str = "") -> str:
    return f"/api/v1/containers/{box.pk}/visits/{more}"


def given(box: Container, email: str, permission: str) -> Grant:
    return Grant.objects.create(container=box, email=email, permission=permission, granter="alice@example.com")


def csv_rows(answer: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))


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


def test_the_file(box: Container, owner: User) -> None:
    grant = given(box, "gina@example.com", "view")
    came(box, 1, grant=grant)
    came(box, 2, "=evil@example.com", allowed=False, ip=None)
    answer = api_of(owner).get(url(box, "export/"), headers={"Accept": "text/csv"})
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert 'filename="visits-box-acme.csv"' in answer.headers["Content-Disposition"]
    first, second = csv_rows(answer)
    assert (first["email"], first["allowed"], first["grant_id"]) == ("gina@example.com", "True", str(grant.pk))
    assert (second["email"], second["allowed"], second["ip"], second["grant_id"]) == (
        "'=evil@example.com",
        "False",
        "",
        "",
    )
    assert csv_rows(page_of(owner).get(f"/containers/{box.pk}/visits/export/", {"allowed": "false"})) == [second]
    on_record = AuditEvent.objects.filter(action="visits:export").order_by("pk")
    assert [row.detail for row in on_record] == [{"asked": {}}, {"asked": {"allowed": "false"}}]
    assert {row.target for row in on_record} == {str(box)}
    wrong = page_of(owner).get(f"/containers/{box.pk}/visits/export/", {"since": "soon"})
    assert wrong.headers["Location"] == f"/containers/{box.pk}/visits/?since=soon"


def fill(box: Container, count: int) -> None:
    connection.cursor().execute(
        """
        INSERT INTO access_visit (id, container_id, email, allowed, action, at, ray_id, hostname, connection)
        SELECT md5(n::text)::uuid, %s, 'gina' || n || '@example.com', n %% 2 = 0, 'login',
            now() - (n / 3) * interval '1 second', md5('r' || n), 'box-acme.example', 'onetimepin'
        FROM generate_series(1, %s) AS n
        """,
        [box.pk, count],
    )


def test_the_file_holds_each_row_once(box: Container, owner: User) -> None:
    """Over the borders of its portions, which many rows of one moment stand on."""
    fill(box, 2500)
    emails = [row["email"] for row in csv_rows(api_of(owner).get(url(box, "export/")))]
    assert sorted(emails) == sorted(f"gina{number}@example.com" for number in range(1, 2501))


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_daphne_streams_it_too(box: Container, owner: User) -> None:
    fill(box, 1500)

    async def download() -> list[bytes]:
        client = AsyncClient()
        await client.aforce_login(owner)
        answer = await client.get(f"/containers/{box.pk}/visits/export/")
        return [chunk async for chunk in answer]

    assert len(async_to_sync(download)()) == 3


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


def test_when_each_grant_last_let_somebody_in(box: Container, django_assert_num_queries: Any) -> None:
    gina, hugo = given(box, "gina@example.com", "view"), given(box, "hugo@example.com", "view")
    for minutes in (9, 5, 7):
        came(box, minutes, grant=gina)
    came(box, 1, grant=gina, allowed=False)
    with django_assert_num_queries(1):
        last = {grant.pk: grant.last_visit for grant in visits.with_last(Grant.objects.all())}
    assert last == {gina.pk: NOW - 5 * MINUTE, hugo.pk: None}


def test_a_grant_that_was_given_again(box: Container) -> None:
    """The nearest in time; of two at once the later one, which is the one that holds."""
    first = Span("first", NOW - 2 * DAY, NOW - DAY, None)
    second = Span("second", NOW - DAY, None, None)
    assert grant_of(NOW - DAY, True, [first, second]) == "second"
    assert grant_of(NOW - DAY - MINUTE, True, [first, second]) == "first"
    assert grant_of(NOW - 3 * DAY, True, [first, second]) is None
    assert grant_of(NOW, True, [first]) == "first", "nobody has seen yet that the edge holds them out"
    assert grant_of(NOW, False, [first]) is None


def test_what_is_old_goes_in_parts_and_that_is_on_record(
    box: Container, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pruning, "_BATCH", 2)
    for days in (0, 29, 31, 32, 33, 34, 35):
        came(box, days, at=NOW - days * DAY)
    settings.VISITS_DAYS = 0
    tasks.prune_visits()
    assert Visit.objects.count() == 7
    settings.VISITS_DAYS = 30
    tasks.prune_visits()
    tasks.prune_visits()
    assert set(Visit.objects.values_list("ray_id", flat=True)) == {"ray0", "ray29"}
    assert AuditEvent.objects.get(action="visits:prune").detail["rows"] == 5


@pytest.fixture
def staff(db: None) -> Client:
    return page_of(User.objects.create_superuser("staff@example.com", "secret"))


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("Gina@Example.com", {"gina@example.com"}),
        ("gina", {"gina@example.com", "gina@example.com.evil"}),
        ("192.0.2.9", {"charlie@example.com"}),
        ("RAY2", {"gina@example.com.evil"}),
        ("box-acme", {"gina@example.com", "gina@example.com.evil", "charlie@example.com"}),
        ("nobody", set()),
    ],
)
def test_staff_search_everything(words: str, found: set[str], box: Container, staff: Client) -> None:
    came(box, 1)
    came(box, 2, "gina@example.com.evil")
    came(box, 3, "charlie@example.com", ip="192.0.2.9")
    page = staff.get(reverse("admin:access_visit_changelist"), {"q": words})
    assert {visit.email for visit in page.context["cl"].result_list} == found
    on_record = AuditEvent.objects.get(action="visits:view")
    assert (on_record.actor, on_record.detail) == ("staff@example.com", {"asked": {"q": words}})


def test_staff_download_what_they_chose(box: Container, staff: Client) -> None:
    one, _ = came(box, 1), came(box, 2)
    form = {"action": "download", "_selected_action": [str(one.pk)]}
    (row,) = csv_rows(staff.post(reverse("admin:access_visit_changelist"), form))
    assert row["ray_id"] == "ray1"
    assert AuditEvent.objects.get(action="visits:export").actor == "staff@example.com"


def test_the_admins_list_counts_no_more_than_it_shows(
    box: Container, staff: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("access.visits.admin.MOST", 150)
    fill(box, 500)
    with CaptureQueriesContext(connection) as made:
        page = staff.get(reverse("admin:access_visit_changelist"))
    assert page.context["cl"].result_count == 150
    counts = [query["sql"] for query in made if "COUNT(" in query["sql"] and "access_visit" in query["sql"]]
    assert counts
    assert all("LIMIT 150" in sql for sql in counts)
