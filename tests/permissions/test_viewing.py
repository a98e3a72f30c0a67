"""Viewing as a tenant: every route, every method; nothing beyond that tenant, and nothing is changed."""

import re
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from access import sharing
from access.models import Grant, Visit
from cloudflare.models import Zone
from containers import admission
from containers.engine.memory import MemoryEngine
from containers.models import Container, Template
from monitoring.models import History
from tenants import standing, tokens, viewing
from tenants.models import AuditEvent, Invitation, Membership, Role, Tenant, User
from tenants.viewer import Viewer
from tests.conftest import converge, make_tenant
from tests.permissions.cast import address, ask, routes
from tests.permissions.table import ROUTES

pytestmark = pytest.mark.django_db

# What a viewer reads, beside what begins or ends it: pages of containers, of the tenant, its activity.
OPEN = ("/containers/", "/tenants/", "/activity/", "/js-words/")
CLOSED = {"tenant-create", "container-terminal"}  # although they begin so: nobody looks at these without doing
OWN = {"view-as", "view-as-stop", "sign-out"}


def staff_member(*permissions: str) -> User:
    user = User.objects.create_user("sue@example.com", "secret", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return user


@pytest.fixture
def sue(db: None) -> User:
    return staff_member("view_as", "change_tenant", "view_tenant", "view_auditevent")


@pytest.fixture
def box(owner: User, tenant: Tenant, template: Template, memory: MemoryEngine, zone: Zone) -> Container:
    made = admission.create(actor=owner, tenant=tenant, template=template, name="box")
    _people(made, owner)
    return made


@pytest.fixture
def theirs(box: Container, sue: User, template: Template) -> Container:
    """Of a tenant that the staff member herself owns; and one more is shared with her by a third."""
    made = admission.create(actor=sue, tenant=make_tenant("globex", sue), template=template, name="own")
    _people(made, sue)
    other = User.objects.create_user("olga@example.com", "secret")
    shared = admission.create(actor=other, tenant=make_tenant("initech", other), template=template, name="lent")
    _people(shared, other)
    sharing.share(shared, actor=other, emails=[sue.email], permission="manage")
    converge()
    return made


def _people(container: Container, owner: User) -> None:
    member = User.objects.create_user(f"member@{container.tenant.slug}.example", "secret")
    Membership.objects.create(tenant=container.tenant, user=member, role=Role.MEMBER)
    Invitation.objects.create(tenant=container.tenant, email="dora@example.com")
    sharing.share(container, actor=owner, emails=["dora@example.com"], permission="view")
    Visit.objects.create(container=container, at=container.created_at, allowed=True, email="dora@example.com")
    for kind in ("import", "export"):
        end = timezone.now() + timedelta(hours=1)
        container.archives.create(kind=kind, finished_at=timezone.now(), expires_at=end)


@pytest.fixture
def client(sue: User) -> Client:
    found = Client()
    found.force_login(sue)
    return found


def view_as(client: Client, tenant: Tenant) -> Client:
    assert client.post(reverse("view-as"), {"tenant": tenant.pk}).headers["Location"] == "/"
    return client


def _asked(
    client: Client, container: Container, owner: User, methods: tuple[str, ...], *, api: bool = False
) -> Iterator[tuple[str, str, str, str]]:
    """Every page of the table, or all of its API, about this container: route, method, address, what is heard."""
    known, session = dict(routes()), client.cookies["warren_session"].value
    for route in ROUTES:
        if route.startswith("api-") == api:
            url = address(route, known[route], container, owner, owner)
            for method in methods:
                yield route, method, url, ask(session, method, url)


def _state() -> list[Any]:
    rows = AuditEvent.objects.exclude(action__in=("container:visits", "visits:view", "visits:export", "audit:export"))
    return [list(Container.objects.order_by("pk").values()), list(Grant.objects.order_by("pk").values()), rows.count()]


def test_every_route_while_viewing(client: Client, owner: User, theirs: Container, box: Container) -> None:
    """Pages of the tenant are read; whatever is another's, a person's, or changes something, is not to be had."""
    own_account = list(_asked(client, box, owner, ("GET", "POST"), api=True))
    view_as(client, box.tenant)
    before, wrong = _state(), []
    for route, method, url, heard in _asked(client, box, owner, ("GET", "OPTIONS", "POST", "PUT", "DELETE")):
        if route in OWN:
            continue
        readable = url == "/" or (url.startswith(OPEN) and route not in CLOSED)
        wanted = {"in", "-"} if readable and method == "GET" else {"refused"}
        if heard not in wanted:
            wrong.append((route, method, url, heard))
    assert wrong == []
    assert list(_asked(client, box, owner, ("GET", "POST"), api=True)) == own_account, "the API takes no notice"
    assert _state() == before


def test_no_route_leads_to_another_tenant(client: Client, sue: User, theirs: Container, box: Container) -> None:
    """Not even to what is the staff member's own, or shared with her."""
    view_as(client, box.tenant)
    lent = Container.objects.get(name="lent")
    wrong = []
    for about in (theirs, lent):
        owner = User.objects.get(memberships__tenant=about.tenant, memberships__role=Role.OWNER)
        for route, _, url, heard in _asked(client, about, owner, ("GET",)):
            leads = str(about.pk) in url or f"/{about.tenant.slug}/" in url
            # What is hidden is an empty answer that leads to the list where a page refreshes itself.
            if leads and route not in {"container-live", "container-head"} and heard not in {"hidden", "refused", "-"}:
                wrong.append((route, url, heard))
    assert wrong == []
    for fragment in ("live", "head"):
        assert not client.get(f"/containers/{theirs.pk}/{fragment}/").content
    assert box.hostname in client.get("/?tenant=globex").content.decode()
    for page in ("/", "/containers/new/?tenant=acme", "/activity/", "/tenants/acme/"):
        answer = client.get(page)
        words = answer.content.decode()
        assert answer.status_code == 200, page
        assert "globex" not in words.lower()
        assert "initech" not in words.lower()
    first = client.get("/")
    assert [(each.slug, each.my_role) for each in first.context["my_tenants"]] == [("acme", "owner")]
    assert client.get("/containers/new/?tenant=globex").status_code == 403
    assert client.get("/activity/?tenant=globex").status_code == 403


def test_a_viewer_sees_what_was_recorded(client: Client, theirs: Container, box: Container, tenant: Tenant) -> None:
    """The charts of the page reach back as the owner's do; nobody else's container, nor the staff member's own."""
    History.objects.create(
        container=box,
        resolution=10,
        at=int(time.time()) // 10 * 10 - 600,
        samples=10,
        cpu_samples=10,
        cpu=1.0,
        cpu_max=2.0,
        memory=77,
        memory_max=80,
        rx=0,
        tx=0,
        read=0,
        write=0,
        pids=1,
    )
    view_as(client, tenant)
    page = client.get(f"/containers/{box.pk}/metrics/").content.decode()
    there = re.search('data-metrics="([^"]+)"', page)
    assert there is not None
    assert 77 in client.get(f"{there[1]}?range=1h").json()["memory_used"]
    assert client.get(f"/containers/{theirs.pk}/metrics/recorded/").status_code == 404


def test_every_page_says_so(client: Client, box: Container, tenant: Tenant) -> None:
    view_as(client, tenant)
    there = f"/containers/{box.pk}/"
    for page in ("/", there, f"{there}people/", f"{there}settings/", "/tenants/acme/", "/activity/", "/account/"):
        words = client.get(page).content.decode()
        assert "You view as Acme." in words, page
        assert "sue@example.com" in words, page
        assert "Stop viewing" in words, page
    assert "You view as Acme." in client.get(f"/containers/{tenant.pk:032}/").content.decode()
    answer = client.post(f"{there}stop/")
    assert answer.status_code == 403
    assert "Nothing was changed" in answer.content.decode()
    assert "You view as" not in Client().get("/sign-in/").content.decode()


def test_the_console_says_so_too(client: Client, sue: User, tenant: Tenant) -> None:
    assert "you view as" not in client.get("/admin/").text
    view_as(client, tenant)
    assert "Outside the console you view as Acme" in client.get("/admin/").text
    assert client.post("/view-as/stop/").status_code == 302
    assert "you view as" not in client.get("/admin/").text


def test_what_knows_nothing_of_viewers_finds_nothing_by_one(sue: User, box: Container, tenant: Tenant) -> None:
    viewer = Viewer(tenant, sue, timezone.now() + timedelta(hours=1))
    with pytest.raises(TypeError):
        Membership.objects.filter(user=viewer).exists()
    assert not Grant.objects.filter(email=viewer.email).exists()
    assert not User.objects.filter(pk=viewer.pk).exists()
    assert not viewer.has_perm("tenants.change_tenant")
    assert not viewer.has_perms(["tenants.view_as"])
    assert not viewer.has_module_perms("tenants")


def test_it_is_on_record_when_it_begins_and_ends(client: Client, sue: User, tenant: Tenant) -> None:
    view_as(client, tenant)
    answer = client.post(reverse("view-as-stop"))
    assert answer.headers["Location"] == reverse("admin:tenants_tenant_change", args=[tenant.pk])
    assert client.get("/tenants/acme/").status_code == 404
    rows = AuditEvent.objects.filter(action__startswith="tenant:view_as").order_by("pk")
    assert [(row.action, row.actor, row.tenant, row.outcome) for row in rows] == [
        ("tenant:view_as", "sue@example.com", "acme", "done"),
        ("tenant:view_as_end", "sue@example.com", "acme", "done"),
    ]
    assert client.post(reverse("view-as-stop")).headers["Location"] == "/"
    assert rows.count() == 2


def test_it_ends_by_itself(client: Client, sue: User, tenant: Tenant) -> None:
    def ended() -> list[str]:
        rows = AuditEvent.objects.filter(action="tenant:view_as_end").order_by("pk")
        return [row.detail["how"] for row in rows]

    view_as(client, tenant)
    session = client.session
    until = session[viewing.KEY]["until"]
    assert until <= (timezone.now() + timedelta(hours=1)).isoformat()
    session[viewing.KEY] |= {"until": timezone.now().isoformat()}
    session.save()
    assert client.get("/tenants/acme/").status_code == 404
    assert ended() == ["time"]
    view_as(client, tenant)
    sue.user_permissions.remove(Permission.objects.get(codename="view_as"))
    assert client.get("/tenants/acme/").status_code == 404
    assert ended() == ["time", "no right"]
    sue.user_permissions.add(Permission.objects.get(codename="view_as"))
    view_as(client, tenant)
    standing.close(tenant, actor=sue)
    assert client.get("/tenants/acme/").status_code == 404
    assert ended() == ["time", "no right", "no right"]


def test_it_ends_with_the_session(client: Client, tenant: Tenant) -> None:
    view_as(client, tenant)
    assert client.post("/sign-out/").status_code == 302
    actions = AuditEvent.objects.filter(actor="sue@example.com").order_by("pk").values_list("action", flat=True)
    assert list(actions)[-2:] == ["tenant:view_as_end", "user:sign_out"]


@pytest.mark.parametrize("lacks", ["view_as", "change_tenant"])
def test_who_may_not_is_refused_and_that_is_on_record(lacks: str, tenant: Tenant) -> None:
    user = staff_member(*{"view_as", "change_tenant", "view_tenant"} - {lacks})
    client = Client()
    client.force_login(user)
    assert client.post(reverse("view-as"), {"tenant": tenant.pk}).status_code == 403
    assert client.get("/tenants/acme/").status_code == 404
    assert AuditEvent.objects.get(action="tenant:view_as").outcome == "refused"
    assert "View as" not in client.get(reverse("admin:tenants_tenant_change", args=[tenant.pk])).content.decode()


def test_the_permissions_alone_make_nobody_staff(tenant: Tenant) -> None:
    user = staff_member("view_as", "change_tenant")
    User.objects.filter(pk=user.pk).update(is_staff=False)
    client = Client()
    client.force_login(user)
    assert client.post(reverse("view-as"), {"tenant": tenant.pk}).status_code == 403


def test_what_is_done_meanwhile_is_the_staff_members(client: Client, box: Container, tenant: Tenant) -> None:
    view_as(client, tenant)
    client.get(f"/containers/{box.pk}/visits/")
    row = AuditEvent.objects.get(action="visits:view")
    assert (row.actor, row.tenant, row.detail["viewing_as"]) == ("sue@example.com", "acme", "acme")


def test_secrets_stay_secret(client: Client, box: Container, owner: User, tenant: Tenant) -> None:
    box.secret_values = {"PASSWORD": "hunter2"}
    box.save()
    _, secret = tokens.create(actor=owner, name="nightly", scope="read")
    view_as(client, tenant)
    there = f"/containers/{box.pk}/"
    pages = ("/", there, f"{there}people/", f"{there}settings/", f"{there}data/", "/tenants/acme/", "/activity/")
    words = "".join(client.get(page).content.decode() for page in pages)
    assert "hunter2" not in words
    assert secret not in words
    assert not re.search(r"/invitations/(?!\d+/withdraw/)", words), "no link that lets somebody in"


def test_a_viewer_is_offered_no_terminal(client: Client, box: Container, tenant: Tenant) -> None:
    view_as(client, tenant)
    box.refresh_from_db()
    assert 'id="terminal"' not in client.get(f"/containers/{box.pk}/").content.decode()
