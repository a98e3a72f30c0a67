"""The audit log as a page: for owners, by tenant, with who signed in and who was refused."""

import pytest
from django.test import Client

from tenants.models import AuditEvent, Membership, Role, Tenant, User
from tests.conftest import make_tenant
from tests.tenants.recorded import fill, rows

pytestmark = pytest.mark.django_db


def test_the_page(owner: User, tenant: Tenant) -> None:
    fill(tenant, 60)
    client = Client()
    client.force_login(owner)
    first = client.get("/activity/").content.decode()
    assert '<time datetime="20' in first
    assert "box-1<" in first
    assert "box-51<" not in first
    assert "<strong>Start the container</strong>" in first
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
