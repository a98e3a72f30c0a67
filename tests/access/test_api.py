"""The API of grants: what it takes and gives, who may, and which version a change was meant for."""

import datetime
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from access import sharing, states
from access.models import Grant
from access.states import State
from containers.models import Container
from tenants import standing
from tenants.models import ApiToken, AuditEvent, Plan, Tenant, User
from tests.conftest import converge
from tests.parts import Cloud

pytestmark = pytest.mark.django_db

DAY = datetime.timedelta(days=1)
GINA = "gina@example.com"
FIELDS = (
    "id email permissions note granted_by created_at expires_at state state_since active_at ended_at ended_how out_at "
    "last_visit"
)


def client(user: User) -> APIClient:
    found = APIClient()
    found.force_authenticate(user)
    return found


@pytest.fixture
def api(owner: User) -> APIClient:
    return client(owner)


@pytest.fixture
def url(container: Container) -> str:
    return f"/api/v1/containers/{container.pk}/access/"


def code(answer: Any) -> tuple[int, str]:
    assert answer["Content-Type"] == "application/problem+json"
    return answer.status_code, answer.json()["code"]


def test_from_sharing_to_revoked(api: APIClient, url: str, cloud: Cloud, guest: User) -> None:
    before = timezone.now()
    body = {"email": "Gina@Example.com", "permissions": ["operate"], "expires_in": 3600, "note": "Have a look."}
    made = api.post(url, body, format="json", HTTP_IDEMPOTENCY_KEY="once")
    shown = made.json()
    assert (made.status_code, made["ETag"], list(shown)) == (201, '"1"', FIELDS.split())
    assert (shown["email"], shown["permissions"], shown["state"]) == (GINA, ["view", "operate"], "pending")
    assert (shown["granted_by"], shown["note"], shown["ended_how"]) == ("alice@example.com", "Have a look.", "")
    ends = datetime.datetime.fromisoformat(shown["expires_at"]) - before
    assert DAY / 24 <= ends < DAY / 24 + datetime.timedelta(minutes=5)
    again = api.post(url, body, format="json", HTTP_IDEMPOTENCY_KEY="once")
    assert (again.json(), again["Idempotency-Replayed"], again["Location"]) == (shown, "true", made["Location"])
    converge()
    where = made["Location"]
    seen = api.get(where)
    assert (seen.json()["state"], seen["ETag"]) == ("active", '"1"'), "what is merely observed changes no tag"
    gone = api.delete(where)
    assert (gone.status_code, gone["ETag"], gone["Location"]) == (202, '"2"', where)
    assert (gone.json()["state"], gone.json()["ended_how"]) == ("revoking", "revoked")
    assert client(guest).get("/api/v1/shared/").json()["count"] == 0
    converge()
    assert api.get(where).json()["state"] == "revoked"
    assert api.delete(where).json()["state"] == "revoked"
    assert code(api.patch(where, {"note": "x"}, format="json")) == (409, "grant_ended")
    assert [row["state"] for row in api.get(url).json()["results"]] == ["revoked"]


def test_many_at_once(api: APIClient, url: str) -> None:
    made = api.post(url, {"emails": ["a@example.com", "B@example.com", "a@example.com"]}, format="json")
    assert made.status_code == 201
    assert [(row["email"], row["permissions"]) for row in made.json()] == [
        ("a@example.com", ["view"]),
        ("b@example.com", ["view"]),
    ]
    crowd = {"emails": [f"p{n}@example.com" for n in range(101)]}
    assert code(api.post(url, crowd, format="json")) == (422, "too_many_addresses")
    assert code(api.post(url, {"emails": ["c@example.com", "nonsense"]}, format="json")) == (422, "email_invalid")
    assert Grant.objects.count() == 2, "all or none"


SHAPELESS: list[Any] = [
    {},
    [],
    {"email": ""},
    {"email": "\0"},
    {"email": GINA, "emails": [GINA]},
    {"email": GINA, "permissions": []},
    {"email": GINA, "permissions": ["own"]},
    {"email": GINA, "permissions": "view"},
    {"email": GINA, "expires_in": 60, "expires_at": None},
    {"email": GINA, "expires_in": 0},
    {"email": GINA, "expires_in": 10**30},
    {"email": GINA, "expires_at": "0001-01-01T00:00:00+18:00"},
    {"email": GINA, "note": "x" * 501},
]


def test_what_has_not_the_shape(api: APIClient, url: str) -> None:
    for body in SHAPELESS:
        assert code(api.post(url, body, format="json")) == (400, "invalid"), body
    assert not Grant.objects.exists()


def test_until_when(api: APIClient, url: str, tenant: Tenant) -> None:
    def share(**said: Any) -> Any:
        return api.post(url, {"email": GINA, **said}, format="json")

    assert share(expires_at=None).json()["expires_at"] is None
    assert code(share(expires_at="2020-01-01T00:00:00Z")) == (422, "expiry_past")
    Plan.objects.update(grant_days=2)
    assert code(share(expires_in=3 * 86400)) == (422, "expiry_too_far")
    assert share(expires_in=2 * 86400).status_code == 201
    assert code(api.post(url, {"email": "d@example.com", "expires_at": None}, format="json")) == (422, "expiry_needed")
    assert api.get(f"/api/v1/tenants/{tenant.slug}/usage/").json()["plan"]["grant_days"] == 2


def test_a_change_is_meant_for_one_version(api: APIClient, url: str, share: Any) -> None:
    grant = share(GINA)
    where = f"{url}{grant.pk}/"
    later = (timezone.now() + DAY).isoformat()
    body = {"permissions": ["view", "shell"], "expires_at": later}
    changed = api.patch(where, body, format="json", HTTP_IF_MATCH='"1"')
    assert (changed.status_code, changed["ETag"]) == (200, '"2"')
    assert changed.json()["permissions"] == ["view", "operate", "shell"]
    assert datetime.datetime.fromisoformat(changed.json()["expires_at"]) == datetime.datetime.fromisoformat(later)
    for tag in ('"1"', 'W/"2"', ""):
        assert code(api.patch(where, {"note": "x"}, format="json", HTTP_IF_MATCH=tag)) == (412, "precondition_failed")
        assert code(api.delete(where, HTTP_IF_MATCH=tag)) == (412, "precondition_failed")
    assert api.patch(where, {}, format="json")["ETag"] == '"2"', "nothing was changed"
    assert api.delete(where, HTTP_IF_MATCH='"2"')["ETag"] == '"3"'


def test_a_guest_who_manages(url: str, share: Any, guest: User, stranger: User) -> None:
    own, other = share(GINA, permission="manage"), share("erin@example.com")
    api = client(guest)
    given = api.post(url, {"email": stranger.email, "permissions": ["shell"]}, format="json").json()
    assert {row["email"] for row in api.get(url).json()["results"]} == {GINA, "erin@example.com", stranger.email}
    where = f"{url}{given['id']}/"
    assert api.patch(where, {"permissions": ["manage"]}, format="json").status_code == 200
    for answer in (api.delete(f"{url}{other.pk}/"), api.patch(f"{url}{own.pk}/", {"expires_at": None}, format="json")):
        assert code(answer) == (403, "not_yours_to_change")
    assert code(api.patch(where, {"expires_at": None}, format="json")) == (422, "grant_outlasts")
    assert client(stranger).get("/api/v1/shared/").json()["count"] == 1
    assert client(guest).delete(f"/api/v1/shared/{own.pk}/").status_code == 204
    assert client(stranger).get("/api/v1/shared/").json()["count"] == 0, "it ends with the one that it was given by"


def test_who_may_not_share_is_told_before_anything_else(url: str, share: Any, guest: User, stranger: User) -> None:
    grant = share(GINA, permission="shell")
    api = client(guest)
    where = f"{url}{grant.pk}/"
    asked = [api.get(url), api.get(where), api.post(url, {}, format="json"), api.patch(where, {}), api.delete(where)]
    assert {code(answer) for answer in asked} == {(403, "not_shared")}
    assert AuditEvent.objects.filter(outcome="refused", reason="not_shared").count() == 3, "what would change something"
    for answer in (client(stranger).get(url), client(stranger).delete(f"/api/v1/shared/{grant.pk}/")):
        assert code(answer) == (404, "not_found")


def test_a_token_that_reads_does_not_share(url: str, owner: User) -> None:
    _, secret = ApiToken.objects.create(user=owner, scope="read")
    api = APIClient()
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    assert api.get(url).status_code == 200
    assert code(api.post(url, {"email": GINA}, format="json")) == (403, "token_scope")


def test_what_is_shared_with_me(api: APIClient, share: Any, container: Container, guest: User, tenant: Tenant) -> None:
    grant = share(GINA, permission="operate", note="Have a look.")
    converge()
    mine = client(guest)
    (row,) = mine.get("/api/v1/shared/").json()["results"]
    assert row == mine.get(f"/api/v1/shared/{grant.pk}/").json()
    assert (row["state"], row["permissions"], row["granted_by"]) == ("active", ["view", "operate"], "alice@example.com")
    shown = api.get(f"/api/v1/containers/{container.pk}/").json()
    assert row["container"] == {name: shown[name] for name in row["container"]}
    assert row["container"]["url"] == container.url
    assert api.get("/api/v1/shared/").json()["count"] == 0, "alice is a member"
    standing.suspend(tenant, actor=None, reason="The invoice is overdue.")
    assert mine.get("/api/v1/shared/").json()["count"] == 0
    assert mine.get("/api/v1/containers/").json()["count"] == 0


def test_the_record_outlives_the_container(api: APIClient, url: str, share: Any, container: Container) -> None:
    share(GINA)
    api.delete(f"/api/v1/containers/{container.pk}/")
    converge()
    assert api.get(f"/api/v1/containers/{container.pk}/").status_code == 404
    assert [(row["state"], row["ended_how"]) for row in api.get(url).json()["results"]] == [("revoked", "container")]
    assert code(api.post(url, {"email": GINA}, format="json")) == (409, "being_deleted")


@pytest.fixture
def seven(share: Any, owner: User) -> None:
    """One grant of each state, called by it, and one that is over and was not noted yet."""
    now = timezone.now()
    facts: dict[str, dict[str, Any]] = {
        "pending": {},
        "active": {"active_at": now},
        "expiring": {"ended_at": now, "ended_how": "expired"},
        "expired": {"ended_at": now, "ended_how": "expired", "out_at": now},
        "revoking": {"ended_at": now, "ended_how": "left"},
        "revoked": {"ended_at": now, "ended_how": "container", "out_at": now},
        "late": {"expires_at": now - DAY, "active_at": now - 2 * DAY},
    }
    for number, (name, said) in enumerate(facts.items()):
        grant = share(f"{name}@example.com", permission="shell" if name == "late" else "view")
        Grant.objects.filter(pk=grant.pk).update(created_at=now + datetime.timedelta(seconds=number), **said)


FILTERS = {
    "": "late revoked revoking expired expiring active pending",
    "?state=pending": "pending",
    "?state=active": "active",
    "?state=expiring": "late expiring",
    "?state=expired": "expired",
    "?state=revoking": "revoking",
    "?state=revoked": "revoked",
    "?open=true": "active pending",
    "?open=false": "late revoked revoking expired expiring",
    "?email=Active%40example.com": "active",
    "?permission=shell": "late",
    "?search=revok&ordering=email": "revoked revoking",
    "?per_page=2&page=2&ordering=created_at": "expiring expired",
}


def test_what_is_found_and_in_which_order(api: APIClient, url: str, seven: None) -> None:
    for query, found in FILTERS.items():
        rows = api.get(f"{url}{query}").json()["results"]
        assert [row["email"].partition("@")[0] for row in rows] == found.split(), query
    assert code(api.get(f"{url}?state=gone")) == (400, "invalid")
    assert code(api.get(f"{url}?stat=active")) == (400, "invalid")


def test_where_is_what_of_says(seven: None) -> None:
    for state in State:
        rows = set(Grant.objects.filter(states.where(state)))
        assert rows == {grant for grant in Grant.objects.all() if states.of(grant)[0] == state} != set()


def test_lists_take_the_same_however_long_they_are(
    api: APIClient, url: str, container: Container, owner: User, django_assert_num_queries: Any
) -> None:
    sharing.share(container, actor=owner, emails=[f"p{n}@example.com" for n in range(30)], permission="view")
    with django_assert_num_queries(4):  # the container, the membership, the count, the page
        assert len(api.get(url).json()["results"]) == 30


def test_a_misspelt_field_gives_nobody_anything(api: APIClient, url: str) -> None:
    refused = api.post(url, {"email": GINA, "permission": "manage"}, format="json")
    assert (refused.status_code, Grant.objects.count()) == (400, 0)
    assert "permission" in refused.json()["errors"]
