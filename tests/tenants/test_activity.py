"""The audit log as a program reads it: whose rows, each filter, pages that stay where they are."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from tenants import audit
from tenants.events import Action, Outcome
from tenants.models import AuditEvent, Membership, Role, Tenant, User
from tests.conftest import make_tenant
from tests.tenants.recorded import API, fill, signed_in

pytestmark = pytest.mark.django_db


def staff(*permissions: str) -> User:
    user = User.objects.create_user("support@example.com", "secret", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return user


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
