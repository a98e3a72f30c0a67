"""Lists: filters, search, order, pages and cursors; and the fast list gives what the plain serializer gives."""

import datetime
import json
from base64 import b64encode
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.exceptions import NotFound
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.test import APIClient, APIRequestFactory

from config.openapi.complete import operations
from config.openapi.views import document
from containers import conditions, lifecycle
from containers.api import listing
from containers.api.serializers import ContainerListSerializer, ContainerSerializer
from containers.models import Condition, Container, ContainerStatus, EngineState, Template
from tenants import audit
from tenants.events import Action
from tenants.models import ApiToken, AuditEvent, Invitation, Membership, Tenant, User
from tenants.pagination import Cursor
from tests.conftest import make_tenant

pytestmark = pytest.mark.django_db
URL = "/api/v1/containers/"


@pytest.fixture
def api(owner: User, tenant: Tenant) -> APIClient:
    client = APIClient()
    client.force_authenticate(owner)
    return client


def put(tenant: Tenant, template: Template, name: str, state: str = EngineState.RUNNING, **more: Any) -> Container:
    facts = {"memory": 2**27, "cpu": 250, "storage": 2**30, "port": 80, "image": template.image} | more
    hostname = f"{name}-{tenant.slug}.example"
    row = Container.objects.create(tenant=tenant, template=template, name=name, hostname=hostname, **facts)
    ContainerStatus.objects.create(container=row, state=state, observed_generation=1)
    Condition.objects.bulk_create(conditions.blank(row, {}))
    return row


@pytest.fixture
def three(tenant: Tenant, template: Template, owner: User, stranger: User) -> dict[str, Container]:
    other = make_tenant("globex", stranger)
    Membership.objects.create(tenant=other, user=owner)
    echo = Template.objects.create(slug="echo", name="Echo", image="echo")
    found = {
        "blog": put(tenant, template, "blog", cpu=300),
        "shop": put(tenant, echo, "shop", EngineState.EXITED, desired="stopped", cpu=100),
        "wiki": put(other, template, "wiki", cpu=200),
    }
    for days, row in enumerate(found.values()):
        at = datetime.datetime(2026, 1, 1 + days, tzinfo=datetime.UTC)
        Container.objects.filter(pk=row.pk).update(created_at=at)
    return found


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", "wiki shop blog"),
        ("tenant=acme", "shop blog"),
        ("tenant=nobody", ""),
        ("template=hello", "wiki blog"),
        ("desired=stopped", "shop"),
        ("state=running", "wiki blog"),
        ("created_after=2026-01-02T00:00:00Z", "wiki shop"),
        ("created_before=2026-01-02T00:00:00Z", "blog"),
        ("created_before=2026-01-02T01:00:00%2B01:00", "blog"),
        ("search=GLOBEX", "wiki"),
        ("q=b", "wiki blog"),
        ("search=b+globex", "wiki"),
        ("ordering=cpu", "shop wiki blog"),
        ("ordering=-name", "wiki shop blog"),
        ("ordering=desired,-cpu&tenant=acme", "blog shop"),
        ("ordering=name&per_page=2&page=2", "wiki"),
    ],
)
def test_what_is_found_and_in_which_order(api: APIClient, three: dict[str, Container], query: str, names: str) -> None:
    assert [row["name"] for row in api.get(f"{URL}?{query}").json()["results"]] == names.split()


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("tennant=acme", "tennant"),
        ("desired=asleep", "desired"),
        ("state=", None),  # nothing is asked for
        ("ordering=password", "ordering"),
        ("created_after=yesterday", "created_after"),
        ("created_before=0001-01-01T00:00:00%2B18:00", "created_before"),
        ("search=%00", "search"),
        ("per_page=many", "per_page"),
        ("per_page=0", "per_page"),
        ("per_page=-1", "per_page"),
    ],
)
def test_what_makes_no_sense_is_refused(
    api: APIClient, three: dict[str, Container], query: str, field: str | None
) -> None:
    answer = api.get(f"{URL}?{query}")
    if field is None:
        assert answer.json()["count"] == 3
    else:
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
        assert answer["Content-Type"] == "application/problem+json"
        assert list(answer.json()["errors"]) == [field]


def test_templates_are_filtered_too(api: APIClient, three: dict[str, Container]) -> None:
    assert [row["slug"] for row in api.get("/api/v1/templates/?q=ECHO").json()["results"]] == ["echo"]
    assert [row["slug"] for row in api.get("/api/v1/templates/?ordering=-slug").json()["results"]] == ["hello", "echo"]
    assert api.get("/api/v1/templates/?desired=running").status_code == 400


def _lists() -> list[str]:
    """The paths of all operations that answer with pages."""
    found = []
    for path, method, operation in operations(document()):
        if method == "get" and {"page", "cursor"} & {one["name"] for one in operation.get("parameters", ())}:
            found.append(path)
    return found


def test_no_list_swallows_what_it_does_not_know(api: APIClient, three: dict[str, Container]) -> None:
    paths = _lists()
    assert len(paths) >= 9
    for path in paths:
        url = path.replace("{tenant}", "acme").replace("{id}", str(three["blog"].pk))
        assert api.get(url).status_code == 200, url
        answer = api.get(f"{url}?nonsense=1")
        assert (answer.status_code, answer.json().get("errors", {}).keys()) == (400, {"nonsense"}), url


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("tenants/?search=glo", "globex"),
        ("tenants/?role=owner", "acme"),
        ("tenants/?ordering=-slug", "globex acme"),
        ("tenants/acme/members/?role=member", "bob@example.com"),
        ("tenants/acme/members/?active=false", "bob@example.com"),
        ("tenants/acme/members/?q=alice", "alice@example.com"),
        ("tenants/acme/members/?ordering=-email", "bob@example.com alice@example.com"),
        ("tenants/acme/invitations/?state=open", "open@example.com"),
        ("tenants/acme/invitations/?state=expired", "expired@example.com"),
        ("tenants/acme/invitations/?state=accepted", "accepted@example.com"),
        ("tenants/acme/invitations/?state=withdrawn", "withdrawn@example.com"),
        ("tenants/acme/invitations/?role=owner", "open@example.com"),
        ("tenants/acme/invitations/?search=with&ordering=email", "withdrawn@example.com"),
        ("tokens/?scope=read", "watch"),
        ("tokens/?search=back", "backup"),
        ("tokens/?ordering=name", "backup watch"),
    ],
)
def test_people_are_filtered_too(
    api: APIClient, tenant: Tenant, owner: User, stranger: User, query: str, found: str
) -> None:
    Membership.objects.create(tenant=make_tenant("globex", stranger), user=owner)
    bob = User.objects.create_user("bob@example.com", "secret", is_active=False)
    Membership.objects.create(tenant=tenant, user=bob)
    now = timezone.now()
    states: dict[str, dict[str, Any]] = {
        "open": {"role": "owner"},
        "expired": {"expires_at": now},
        "accepted": {"accepted_at": now, "expires_at": now},
        "withdrawn": {"withdrawn_at": now},
    }
    for state, facts in states.items():
        Invitation.objects.create(tenant=tenant, email=f"{state}@example.com", **facts)
    for name, scope in (("watch", "read"), ("backup", "write")):
        ApiToken.objects.create(user=owner, name=name, scope=scope)
    rows = api.get(f"/api/v1/{query}").json()["results"]
    field = "slug" if query.startswith("tenants/?") else "name" if query.startswith("tokens") else "email"
    assert [row[field] for row in rows] == found.split()


def test_equal_rows_keep_their_places(api: APIClient, tenant: Tenant, template: Template) -> None:
    for number in range(9):
        put(tenant, template, f"c{number}")
    Container.objects.update(created_at=timezone.now())
    pages = [api.get(f"{URL}?per_page=2&page={number}").json() for number in range(1, 6)]
    assert len({row["id"] for page in pages for row in page["results"]}) == 9
    assert {page["count"] for page in pages} == {9}
    assert (pages[0]["previous"], pages[4]["next"]) == (None, None)
    assert api.get(pages[0]["next"]).json() == pages[1]
    assert api.get(pages[1]["previous"]).json() == pages[0]
    for nowhere in ("6", "0", "-1", "x", "9" * 30):
        assert api.get(f"{URL}?per_page=2&page={nowhere}").status_code == 404
    assert api.get(f"{URL}?per_page=2&page=last").json() == pages[4]


LIVES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "queued": ({}, {"observed_generation": 0, "state": EngineState.ABSENT}),
    "provisioning": ({}, {"observed_generation": 0, "attempts": 1}),
    "running": ({}, {}),
    "stopping": ({"desired": "stopped"}, {}),
    "stopped": ({"desired": "stopped"}, {"state": EngineState.EXITED}),
    "deleting": ({"desired": "absent"}, {}),
    "error": ({}, {"observed_generation": 0, "code": "image_unavailable", "retrying": False}),
    "suspended": ({"suspended": True}, {"state": EngineState.EXITED}),
    "missing": ({}, {"state": EngineState.ABSENT}),
}


def test_the_fast_list_is_the_plain_one(
    api: APIClient, tenant: Tenant, template: Template, django_assert_max_num_queries: Any
) -> None:
    """In every phase of life, ready, not ready, and ready at an older generation only."""
    for phase, (wanted, seen) in LIVES.items():
        for number in range(3):
            row = put(tenant, template, f"{phase}{number}", **wanted)
            if number:
                row.conditions.update(status=True, observed_generation=1)
            if number == 2:
                row.conditions.filter(type=conditions.RUNNING).update(observed_generation=7)
            ContainerStatus.objects.filter(pk=row.pk).update(**seen)
    with django_assert_max_num_queries(2):
        listed = api.get(f"{URL}?per_page=200").json()["results"]
    rows = Container.objects.order_by("-created_at", "pk").select_related("status")
    plain = json.loads(JSONRenderer().render(ContainerListSerializer(rows, many=True).data))
    assert listed == plain
    assert {row["lifecycle"] for row in listed} == set(LIVES) == set(lifecycle.Lifecycle) - {"deleted"}
    assert {row["health"] for row in listed} == set(lifecycle.Health)
    for row in listed:
        shown = api.get(f"{URL}{row['id']}/").json()
        assert {name: shown[name] for name in row} == row


def test_every_field_of_the_list_is_shown_of_one(api: APIClient) -> None:
    assert set(ContainerListSerializer.Meta.fields) < set(ContainerSerializer.Meta.fields)
    assert listing.bodies([]) == []


def page(query: dict[str, Any]) -> dict[str, Any]:
    cursor, request = Cursor(), Request(APIRequestFactory().get("/log/", query))
    rows = cursor.paginate_queryset(AuditEvent.objects.all(), request) or []
    found: dict[str, Any] = cursor.get_paginated_response([row.pk for row in rows]).data
    return found


def test_cursors_go_through_a_log_that_grows(owner: User) -> None:
    made = [audit.record(Action.SIGN_IN, actor=owner).pk for _ in range(7)]
    first = page({"per_page": 3})
    assert (set(first), first["results"], first["previous"]) == (
        {"next", "previous", "results"},
        made[:3:-1],
        None,
    )
    audit.record(Action.SIGN_IN, actor=owner)
    cursor = first["next"].partition("cursor=")[2].partition("&")[0].replace("%3D", "=")
    assert page({"per_page": 3, "cursor": cursor})["results"] == made[3:0:-1]


@pytest.mark.parametrize("position", ["p=yesterday", "p=0001-01-01+00:00:00%2B18:00", "o=x", "p=%00"])
def test_a_cursor_that_somebody_made_up_is_not_found(owner: User, position: str) -> None:
    audit.record(Action.SIGN_IN, actor=owner)
    with pytest.raises(NotFound):
        page({"cursor": b64encode(position.encode()).decode()})
