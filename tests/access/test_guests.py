"""What guests see and do of a container in Warren: just what their grant says, and not a moment longer."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from access import sharing
from access.models import Grant
from containers import admission, changes, visibility
from containers.models import Condition, Container, ContainerStatus, Template
from tenants.models import AuditEvent, Membership, Tenant, User
from tenants.refusal import Refused
from tests.conftest import make_tenant

pytestmark = pytest.mark.django_db

INSIDE = "registry.internal:5000/acme/secret-project"


@pytest.fixture
def api(guest: User) -> APIClient:
    client = APIClient()
    client.force_authenticate(guest)
    return client


@pytest.fixture
def url(container: Container) -> str:
    """Its way told in words that are for its tenant."""
    step = {"state": "failed", "message": f"No {INSIDE}."}
    Container.objects.update(environment={"TOKEN": INSIDE}, image=INSIDE, memory=2**27)
    Condition.objects.update(message=f"No {INSIDE}.", steps={"image": step, "network": step})
    ContainerStatus.objects.update(code="image_unavailable", message=f"No {INSIDE}.", memory_pending=True)
    return f"/api/v1/containers/{container.pk}/"


def test_a_guest_sees_how_it_does_and_nothing_of_what_is_inside(
    api: APIClient, url: str, share: Any, owner: User, guest: User
) -> None:
    share(guest.email, permission="operate")
    answer = api.get(url)
    shown = answer.json()
    assert INSIDE not in answer.content.decode()
    assert shown["permissions"] == ["view", "operate"]
    assert (shown["environment"], shown["secret_names"], shown["image"], shown["notices"]) == (None, None, "", [])
    assert (shown["error"]["code"], shown["lifecycle"]) == ("image_unavailable", "running")
    assert "failed" in {step["state"] for step in shown["steps"]}
    api.force_authenticate(owner)
    shown = api.get(url).json()
    assert shown["permissions"] == list(visibility.PERMISSIONS)
    assert (shown["image"], shown["error"]["detail"]) == (INSIDE, f"No {INSIDE}.")
    assert len(shown["notices"]) == 1


def test_a_page_offers_what_its_reader_may_do(url: str, share: Any, guest: User, owner: User) -> None:
    where, client = url.removeprefix("/api/v1"), Client()

    def offered(person: User) -> set[str]:
        client.force_login(person)
        page = client.get(where).content.decode()
        assert (INSIDE in page) == (person == owner)
        words = ("do-restart", "do-stop", "do-retry", "do-delete", "do-rename", "Settings")
        return {word for word in words if word in page}

    assert offered(owner) == {"do-restart", "do-stop", "do-retry", "do-delete", "do-rename", "Settings"}
    grant = share(guest.email)
    assert offered(guest) == set()
    sharing.change(grant, actor=owner, permission="operate")
    assert offered(guest) == {"do-restart", "do-stop", "do-retry"}


def test_the_list_has_what_is_shared_and_each_once(
    api: APIClient, url: str, share: Any, container: Container, guest: User, owner: User, tenant: Tenant
) -> None:
    share(guest.email)
    mine = make_tenant("globex", guest)
    own = admission.create(actor=guest, tenant=mine, template=container.template, name="own")

    def listed(query: str = "") -> list[str]:
        return [row["name"] for row in api.get(f"/api/v1/containers/{query}").json()["results"]]

    assert listed() == ["own", "demo"]
    assert listed("?tenant=acme") == ["demo"]
    assert listed("?tenant=globex") == ["own"]
    Membership.objects.create(tenant=tenant, user=guest)
    assert listed() == ["own", "demo"], "by two rights, and once"
    Membership.objects.filter(tenant=tenant).exclude(user=owner).delete()
    client = Client()
    client.force_login(guest)
    page = client.get("/").content.decode()
    assert own.hostname in page
    assert container.hostname not in page, "the page is the tenant's"


def test_who_has_only_what_is_shared_gets_along(url: str, share: Any, guest: User, container: Container) -> None:
    share(guest.email, permission="manage")
    client = Client()
    client.force_login(guest)
    for path in ("/", url.removeprefix("/api/v1"), "/account/", "/api/v1/me/", "/api/v1/templates/", "/api/v1/audit/"):
        assert client.get(path).status_code in {200, 302, 403}, path
    assert client.get("/").headers["Location"] == "/shared/"
    assert client.get("/api/v1/containers/").status_code == 200
    refused = client.get("/containers/new/")
    assert (refused.status_code, b"You are not a member of any tenant" in refused.content) == (403, True)
    asked: dict[str, Any] = {"data": {"name": "mine", "template": "hello"}, "content_type": "application/json"}
    answer = client.post("/api/v1/containers/", **asked)
    assert (answer.status_code, answer.json()["code"]) == (403, "no_tenant")
    answer = client.post("/api/v1/containers/", asked["data"] | {"tenant": "acme"}, "application/json")
    assert (answer.status_code, answer.json()["code"]) == (403, "no_tenant")


def test_who_was_let_in_when_the_view_asked_and_is_out_under_the_lock(
    url: str, share: Any, guest: User, container: Container, owner: User
) -> None:
    """As if the revocation had come between: the view asked, and then the change waited for the lock."""
    grant = share(guest.email, permission="operate")
    assert admission.stop(container, actor=guest, permission="operate").desired == "stopped"
    sharing.revoke(grant, actor=owner)
    asked: list[tuple[Any, dict[str, Any]]] = [
        (admission.start, {"permission": "operate"}),
        (admission.retry, {"permission": "operate"}),
        (admission.rename, {"permission": "change", "name": "other"}),
        (admission.remove, {"permission": "delete"}),
        (changes.change, {"permission": "change", "label": "mine"}),
        (changes.recreate, {"permission": "change"}),
    ]
    for change, more in asked:
        with pytest.raises(Refused) as refused:
            change(container, actor=guest, **more)
        assert (refused.value.code, refused.value.status) == ("permission_denied", 403)
    row = Container.objects.get(pk=container.pk)
    assert (row.desired, row.name, row.generation) == ("stopped", "demo", 2)
    assert AuditEvent.objects.filter(outcome="refused", reason="permission_denied").count() == len(asked)


@pytest.mark.parametrize("place", ["api", "page"])
def test_views_ask_again_under_the_lock(place: str, url: str, share: Any, guest: User, container: Container) -> None:
    """The grant ends at the last moment before the change takes the lock."""
    share(guest.email, permission="operate")
    client = Client()
    client.force_login(guest)

    def late(execute: Any, sql: str, *rest: Any) -> Any:
        if "FOR UPDATE" in sql:
            Grant.objects.update(ended_at=timezone.now(), ended_how="revoked")
        return execute(sql, *rest)

    with connection.execute_wrapper(late):
        answer = client.post(f"{url if place == 'api' else url.removeprefix('/api/v1')}stop/")
    assert answer.status_code == (403 if place == "api" else 302)
    assert Container.objects.get(pk=container.pk).desired == "running"
    assert AuditEvent.objects.filter(outcome="refused", reason="permission_denied").count() == 1


def test_what_is_shared_does_not_make_a_list_read_all_containers(
    tenant: Tenant, template: Template, guest: User
) -> None:
    """Both reasons to see one go by an index, as they do not where two plain subqueries stand around OR."""
    facts = {"image": "x", "port": 80, "memory": 1, "cpu": 1, "storage": 1, "template": template}
    many = Tenant.objects.bulk_create(Tenant(slug=f"t{n}", name=f"T{n}", plan=tenant.plan) for n in range(60))
    Container.objects.bulk_create(
        Container(name=f"c{n}", hostname=f"c{n}", engine_name=f"c{n}", tenant=many[n % 60], **facts)
        for n in range(3000)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE containers_container")
    plan = Container.objects.living().visible_to(guest).explain()
    assert "BitmapOr" in plan
    assert "Seq Scan on containers_container" not in plan
