"""The audit log as owners and staff read it: over the API, as a page and as a file."""

import csv
import io
import tracemalloc
from collections.abc import Iterable
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import AsyncClient, Client
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from tenants import audit
from tenants.activity import deeds
from tenants.events import Action, Outcome
from tenants.models import AuditEvent, Membership, Role, Tenant, User
from tests.conftest import make_tenant

pytestmark = pytest.mark.django_db
API = "/api/v1/audit/"


@pytest.fixture
def api(owner: User, tenant: Tenant) -> APIClient:
    return signed_in(owner)


def signed_in(user: User) -> APIClient:
    client = APIClient()
    client.force_authenticate(user)
    return client


def staff(*permissions: str) -> User:
    user = User.objects.create_user("support@example.com", "secret", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return user


def fill(tenant: Tenant | None, count: int) -> None:
    """Rows of a tenant, a second apart, the newest first; every tenth of them a refusal."""
    connection.cursor().execute(
        """
        INSERT INTO tenants_auditevent (at, action, outcome, reason, actor_id, actor, tenant_id, tenant, target_type,
            target_id, target, request_id, detail)
        SELECT now() - n * interval '1 second', 'container:start', CASE WHEN n %% 10 = 0 THEN 'refused' ELSE 'done' END,
            '', '7', 'alice@example.com', %s, %s, 'containers.container', md5(n::text), 'box-' || n, md5('r' || n), '{}'
        FROM generate_series(1, %s) AS n
        """,
        [str(tenant.pk) if tenant else "", tenant.slug if tenant else "", count],
    )


def targets(api: APIClient, **asked: Any) -> list[str]:
    answer = api.get(API, asked)
    assert answer.status_code == 200, answer.json()
    return [row["target"] for row in answer.json()["results"]]


def test_an_owner_reads_their_own_tenant_and_no_other(api: APIClient, tenant: Tenant, stranger: User) -> None:
    other = make_tenant("globex", stranger)
    audit.record(Action.CONTAINER_START, actor=None, tenant=tenant, target=tenant)
    audit.record(Action.CONTAINER_START, actor=None, tenant=other, target=other)
    audit.record(Action.AUDIT_PRUNE, actor=None)
    assert targets(api) == targets(api, tenant="acme") == ["Acme"]
    refused = api.get(API, {"tenant": "globex"})
    assert (refused.status_code, refused.json()["code"]) == (403, "no_tenant")


def test_a_member_is_no_owner(api: APIClient, tenant: Tenant, stranger: User) -> None:
    bob = User.objects.create_user("bob@example.com", "secret")
    Membership.objects.create(tenant=tenant, user=bob, role=Role.MEMBER)
    for path in (API, API + "export/"):
        answer = signed_in(bob).get(path)
        assert (answer.status_code, answer.json()["code"]) == (403, "owner_only")
        answer = signed_in(stranger).get(path)
        assert (answer.status_code, answer.json()["code"]) == (403, "no_tenant")
    refusals = AuditEvent.objects.filter(action=Action.AUDIT_EXPORT, outcome=Outcome.REFUSED)
    assert set(refusals.values_list("actor", "reason")) == {
        ("bob@example.com", "owner_only"),
        ("charlie@example.com", "no_tenant"),
    }


def test_an_owner_elsewhere_who_is_a_member_here_reads_elsewhere(tenant: Tenant, stranger: User) -> None:
    Membership.objects.create(tenant=tenant, user=stranger, role=Role.MEMBER)
    fill(make_tenant("globex", stranger), 1)
    assert targets(signed_in(stranger)) == ["box-1"]
    assert signed_in(stranger).get(API, {"tenant": "acme"}).json()["code"] == "owner_only"


def test_staff_read_what_djangos_permissions_let_them(tenant: Tenant) -> None:
    fill(tenant, 1)
    fill(None, 1)
    user = staff("view_auditevent")
    assert targets(signed_in(user)) == ["box-1", "box-1"]
    assert targets(signed_in(user), tenant="acme") == ["box-1"]
    assert signed_in(user).get(API, {"tenant": "nowhere"}).status_code == 404
    user.user_permissions.clear()
    assert signed_in(User.objects.get(pk=user.pk)).get(API).status_code == 403


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"action": "container:stop"}, {"echo"}),
        ({"outcome": "refused"}, {"hello"}),
        ({"actor": "ALICE@"}, {"hello"}),
        ({"target": "ELL"}, {"hello"}),
        ({"target_id": "2"}, {"echo"}),
        ({"request_id": "request-1"}, {"hello"}),
        ({"since": "2026-03-02"}, {"echo"}),
        ({"until": "2026-03-01T12:00:00Z"}, {"hello"}),
        ({"since": "2026-03-01T00:00:00Z", "until": "2026-03-03", "action": ""}, {"hello", "echo"}),
        ({"search": "memory_limit"}, {"hello"}),
        ({"search": "tried-this"}, {"echo"}),
        ({"search": "100%"}, set()),
        ({"search": "container:", "outcome": "done"}, {"echo"}),
    ],
)
def test_every_filter_finds(api: APIClient, tenant: Tenant, asked: dict[str, str], found: set[str]) -> None:
    whose = {"tenant_id": str(tenant.pk), "tenant": tenant.slug}
    AuditEvent.objects.create(
        at="2026-03-01T12:00:00Z",
        action=Action.CONTAINER_START,
        outcome=Outcome.REFUSED,
        reason="memory_limit",
        actor="alice@example.com",
        target_id="1",
        target="hello",
        request_id="request-1",
        **whose,
    )
    AuditEvent.objects.create(
        at="2026-03-02T12:00:00Z",
        action=Action.CONTAINER_STOP,
        outcome=Outcome.DONE,
        target_id="2",
        target="echo",
        detail={"tried": "tried-this"},
        **whose,
    )
    assert set(targets(api, **asked)) == found


@pytest.mark.parametrize(
    "asked",
    [
        {"acton": "container:stop"},
        {"action": "container:explode"},
        {"since": "yesterday"},
        {"since": "0001-01-01T00:00:00+14:00"},
        {"since": "2026-03-02", "until": "2026-03-01"},
        {"search": "\0"},
        {"tenant": "\0"},
        {"page": "2"},
        {"per_page": "none"},
    ],
)
def test_what_is_no_filter_is_told(api: APIClient, asked: dict[str, str]) -> None:
    answer = api.get(API, asked)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert set(answer.json()["errors"]) <= {*asked}


@pytest.mark.parametrize("cursor", ["nonsense", "cD1ub25zZW5zZQ==", "é"])
def test_a_cursor_that_was_made_up_is_no_page(api: APIClient, tenant: Tenant, cursor: str) -> None:
    fill(tenant, 3)
    assert api.get(API, {"cursor": cursor}).status_code == 404
    page = Client()
    page.force_login(User.objects.get())
    assert page.get("/activity/", {"cursor": cursor}).status_code == 404


def test_pages_stay_where_they_are_while_rows_are_added(api: APIClient, tenant: Tenant) -> None:
    fill(tenant, 120)
    assert len(api.get(API).json()["results"]) == 50
    assert len(api.get(API, {"per_page": 1000}).json()["results"]) == 120
    seen: list[str] = []
    url: str | None = API + "?per_page=25"
    while url:
        answer = api.get(url).json()
        seen += [row["target"] for row in answer["results"]]
        audit.record(Action.CONTAINER_STOP, actor=None, tenant=tenant)
        url = answer["next"]
    assert seen == [f"box-{number}" for number in range(1, 121)]


def test_a_page_costs_the_same_whatever_is_on_it(api: APIClient, tenant: Tenant) -> None:
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as made:
            assert api.get(API).status_code == 200
        return len(made)

    fill(tenant, 2)
    few = queries()
    fill(tenant, 200)
    assert queries() == few <= 4


def rows(content: Iterable[bytes]) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(b"".join(content).decode())))


def test_the_file_holds_what_was_asked_for_and_is_itself_on_record(api: APIClient, tenant: Tenant) -> None:
    fill(tenant, 2500)
    answer = api.get(API + "export/", {"outcome": "refused"}, headers={"Accept": "text/csv"})
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert "activity-acme.csv" in answer.headers["Content-Disposition"]
    found = rows(answer.streaming_content)
    assert [row["target"] for row in found] == [f"box-{number}" for number in range(10, 2501, 10)]
    assert found[0]["at"].endswith("+00:00")
    assert "T" in found[0]["at"]
    on_record = AuditEvent.objects.get(action=Action.AUDIT_EXPORT)
    assert (on_record.actor, on_record.tenant, on_record.detail) == (
        "alice@example.com",
        "acme",
        {"asked": {"outcome": "refused"}},
    )
    wrong = api.get(API + "export/", {"outcome": "maybe"}, headers={"Accept": "text/csv"})
    assert (wrong.status_code, wrong.json()["code"]) == (400, "invalid")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_is_a_formula(api: APIClient, tenant: Tenant, start: str) -> None:
    evil = f'{start}HYPERLINK("http://evil.example";"ä, b")'
    AuditEvent.objects.create(action="x", outcome="done", tenant_id=str(tenant.pk), target=evil, detail={"was": evil})
    (row,) = rows(api.get(API + "export/").streaming_content)[1:]
    assert row["target"] == f"'{evil}"
    assert row["detail"].startswith("{")


def test_a_hundred_thousand_rows_take_no_more_memory_than_a_few(api: APIClient, tenant: Tenant) -> None:
    fill(tenant, 100_000)
    answer = api.get(API + "export/")
    tracemalloc.start()
    lines = sum(chunk.count(b"\r\n") for chunk in answer.streaming_content)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert lines == 100_002  # the names of the columns, and the row about this download
    assert peak < 8 * 1024**2


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
@pytest.mark.parametrize("path", ["/activity/export/", API + "export/"])
def test_daphne_streams_it_too(owner: User, tenant: Tenant, path: str) -> None:
    """An iterator of the other kind would be gathered up first, with a warning, which fails the test."""
    fill(tenant, 2500)

    async def download() -> list[bytes]:
        client = AsyncClient()
        await client.aforce_login(owner)
        answer = await client.get(path)
        return [chunk async for chunk in answer]

    chunks = async_to_sync(download)()
    assert len(chunks) == 4
    assert {"box-1", "box-2500"} <= {row["target"] for row in rows(chunks)}


def test_the_page(owner: User, tenant: Tenant) -> None:
    fill(tenant, 60)
    client = Client()
    client.force_login(owner)
    first = client.get("/activity/").content.decode()
    assert '<time datetime="20' in first
    assert "box-1<" in first
    assert "box-51<" not in first
    assert "<strong>Start a container</strong>" in first
    assert '<option value="grant:revoke">Revoke an access</option>' in first
    assert ">Newer<" not in first
    older = first.partition('" rel="next"')[0].rpartition('href="')[2].replace("&amp;", "&")
    second = client.get(f"/activity/{older}").content.decode()
    assert "box-51<" in second
    assert ">Older<" not in second
    assert ">Newer<" in second
    found = client.get("/activity/", {"target": "box-42", "outcome": ""}).content.decode()
    assert "box-42<" in found
    assert "box-41<" not in found
    assert "/activity/export/?target=box-42" in found
    assert "No activity matches" in client.get("/activity/", {"search": "nothing like it"}).content.decode()
    assert "Enter a valid date/time" in client.get("/activity/", {"since": "soon"}).content.decode()
    download = client.get("/activity/export/", {"target": "box-42"})
    assert [row["target"] for row in rows(download.streaming_content)] == ["box-42"]
    assert client.get("/activity/export/", {"since": "soon"}).headers["Location"] == "/activity/?since=soon"
    assert client.get("/activity/", {"tenant": "globex"}).status_code == 403
    assert "Activity</span></a>" in client.get("/").content.decode()


def test_an_owner_of_two_tenants_chooses(owner: User, tenant: Tenant) -> None:
    fill(make_tenant("globex", owner), 1)
    client = Client()
    client.force_login(owner)
    assert '<option value="globex">Globex</option>' in client.get("/activity/").content.decode()
    assert "box-1<" not in client.get("/activity/").content.decode()
    assert "box-1<" in client.get("/activity/", {"tenant": "globex"}).content.decode()


def test_it_goes_by_the_tenant_that_was_switched_to(owner: User, tenant: Tenant, stranger: User) -> None:
    fill(make_tenant("globex", owner), 1)
    Membership.objects.create(tenant=make_tenant("initech", stranger), user=owner, role=Role.MEMBER)
    client = Client()
    client.force_login(owner)
    client.post("/switch/", {"tenant": "globex"})
    assert 'href="/activity/?tenant=globex"' in client.get("/").content.decode()
    page = client.get("/activity/").content.decode()
    assert "box-1<" in page
    assert '<option value="globex" selected>' in page.partition("<main")[2]
    assert "activity-globex" in client.get("/activity/export/").headers["Content-Disposition"]
    client.post("/switch/", {"tenant": "initech"})
    assert "Activity</span></a>" not in client.get("/").content.decode(), "a member here, whatever they own elsewhere"
    assert "Only owners of Initech" in client.get("/activity/").content.decode()


def test_a_member_finds_no_link_to_what_is_not_theirs(tenant: Tenant, stranger: User) -> None:
    Membership.objects.create(tenant=tenant, user=stranger, role=Role.MEMBER)
    client = Client()
    client.force_login(stranger)
    assert "Activity</span></a>" not in client.get("/").content.decode()
    assert "Only owners of Acme" in client.get("/activity/").content.decode()


def test_an_owner_finds_who_signed_in_and_who_was_refused(owner: User, tenant: Tenant) -> None:
    client = Client()
    client.post("/sign-in/", {"username": "Alice@example.com", "password": "wrong"})
    client.post("/sign-in/", {"username": "nobody@example.com", "password": "wrong"})
    client.post("/sign-in/", {"username": "alice@example.com", "password": "secret"})
    found = AuditEvent.objects.order_by("pk").values_list("tenant", "outcome", "target", "actor")
    assert list(found) == [
        ("acme", "refused", "alice@example.com", ""),
        ("", "refused", "", ""),
        ("acme", "done", "", "alice@example.com"),
    ]
    assert AuditEvent.objects.order_by("pk")[1].detail == {"tried": "nobody@example.com"}
    make_tenant("globex", owner)
    client.post("/sign-out/")
    assert AuditEvent.objects.latest("pk").tenant == ""  # of neither more than of the other


def test_every_verb_has_words_and_is_offered_once() -> None:
    offered = [verb for _group, verbs in deeds.CHOICES[1:] for verb, _words in verbs]
    assert sorted(offered) == sorted(Action)
    assert not [verb for verb in Action if deeds.words(verb) == verb]
    assert deeds.words("container:explode") == "container:explode"
