"""The list of containers: what it shows and looks for, what it costs, and what is done with several at once."""

import gzip
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from access.models import Grant, Visit
from containers import admission
from containers.engine.memory import MemoryEngine
from containers.models import Condition, Container, ContainerStatus, Template
from monitoring.models import Sample
from tenants import standing
from tenants.models import AuditEvent, Membership, Role, Tenant, User
from tests.conftest import make_tenant
from tests.pages.test_pages import text

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def client(owner: User, tenant: Tenant, template: Template, memory: MemoryEngine, zone: Any) -> Client:
    found = Client()
    found.force_login(owner)
    return found


@pytest.fixture
def make(client: Client, owner: User, tenant: Tenant, template: Template) -> Any:
    def make(name: str, *, runs: bool = True, **fields: Any) -> Container:
        made = admission.create(actor=owner, tenant=tenant, template=template, name=name)
        Container.objects.filter(pk=made.pk).update(**fields)
        if runs:
            ContainerStatus.objects.filter(pk=made.pk).update(state="running", observed_generation=made.generation)
            Condition.objects.filter(container=made).update(status=True, observed_generation=made.generation)
        return made

    return make


def copies(first: Container, number: int) -> list[Container]:
    """That many more of the same, at once."""
    status, conditions = first.status, list(first.conditions.all())
    status.refresh_from_db()
    made = []
    for at in range(number):
        unique = {"name": f"copy-{at:03}", "hostname": f"copy-{at:03}.example.com", "engine_name": f"copy-{at}"}
        made.append(Container(**{**values(first), **unique}))
    Container.objects.bulk_create(made)
    ContainerStatus.objects.bulk_create(ContainerStatus(**values(status), container=each) for each in made)
    rows = [Condition(**values(row) | {"container_id": each.pk}) for each in made for row in conditions]
    Condition.objects.bulk_create(rows)
    return made


def values(row: Any) -> dict[str, Any]:
    return {field.attname: getattr(row, field.attname) for field in row._meta.fields if not field.primary_key}


def names(page: Any) -> list[str]:
    return re.findall(r'class="name"[^>]*>([^<]+)<', page.content.decode())


def said(client: Client) -> str:
    return text(client.get("/"))


def test_a_hundred_containers_cost_no_more_than_one(
    client: Client, make: Any, owner: User, django_assert_max_num_queries: Any
) -> None:
    first = make("first")
    now = timezone.now()
    for each in copies(first, 99):
        Visit.objects.create(container=each, at=now, allowed=True)
        Grant.objects.create(container=each, email="gina@example.com", permission="view", granter=owner.email)
    numbers = {"memory_used": 1, "memory_limit": 2, "network_rx": 0, "network_tx": 0, "sampled_at": now}
    Sample.objects.bulk_create(Sample(container=each, cpu_percent=1, **numbers) for each in Container.objects.all())
    client.get("/")
    with django_assert_max_num_queries(12):
        page = client.get("/")
    assert len(names(page)) == 50
    assert "1 to 50 of 100" in text(page)
    with CaptureQueriesContext(
        connection,
    ) as asked:
        client.get("/?sort=used&page=2", headers=HTMX)
    assert len(asked) <= 12
    root = Path(__file__).parents[2]
    files = set(re.findall(r'(?:src|href)="/static/([^"#]+)', page.content.decode()))
    files |= {"js/socket.js", "js/words.js"}  # which the others import
    weight = len(gzip.compress(page.content)) + sum(
        len(gzip.compress((root / "static" / path).read_bytes())) for path in files
    )
    assert {"css/list.css", "js/list.js", "vendor/figtree-5.3.0.woff2", "img/icons.svg"} <= files
    assert weight < 150_000


def test_it_finds_what_is_looked_for(client: Client, make: Any, template: Template) -> None:
    other = Template.objects.create(slug="notes", name="Notes", image="warren/notes:latest")
    make("alpha", label="Handbook")
    make("beta", template=other)
    make("gamma", runs=False)
    for query, found in {
        "": ["gamma", "beta", "alpha"],
        "?q=ET": ["beta"],
        "?q=handb": ["alpha"],
        "?q=localhost": [],  # all have that domain
        "?q=http://gamma-acme.containers.localhost:8787/x": ["gamma"],
        "?q=%2F": [],
        "?template=notes": ["beta"],
        "?state=running": ["beta", "alpha"],
        "?state=changing&template=hello": ["gamma"],
        "?state=stopped": [],
        "?sort=name": ["alpha", "beta", "gamma"],
        "?sort=state": ["gamma", "alpha", "beta"],
        "?sort=surprise&state=none&page=x&q=%00": ["gamma", "beta", "alpha"],
    }.items():
        assert names(client.get(f"/{query}")) == found, query
        assert names(client.get(f"/{query}", headers=HTMX)) == found, query
    page = text(client.get("/?q=et&state=running"))
    assert "All 1 Problems 0 In progress 0 Running 1 Stopped 0" in page
    nothing = client.get("/?q=nobody")
    assert "There are 3 containers here, and none is what you are looking for." in text(nothing)
    assert 'id="clear" href="/"' in nothing.content.decode()
    assert 'value="nobody"' in nothing.content.decode()


def test_the_order_by_use_goes_by_the_last_who_was_let_in(client: Client, make: Any) -> None:
    early, late, never = make("early"), make("late"), make("never")
    now = timezone.now()
    for container, hours, allowed in ((early, 3, True), (late, 9, True), (late, 1, True), (never, 0, False)):
        Visit.objects.create(container=container, at=now - timedelta(hours=hours), allowed=allowed)
    ContainerStatus.objects.filter(pk=never.pk).update(started_at=f"{now - timedelta(days=2):%Y-%m-%dT%H:%M:%S}.12Z")
    page = client.get("/?sort=used")
    assert names(page) == ["late", "early", "never"]
    assert "1 hour ago" in text(page)
    assert "started 2 days ago" in text(page)


def test_what_one_types_is_in_the_address(client: Client, make: Any) -> None:
    make("alpha")
    form = {**HTMX, "HX-Trigger": "filter"}
    typed = client.get("/?q=al&template=&sort=newest&state=", headers={**form, "HX-Trigger-Name": "q"})
    assert typed.headers["HX-Replace-Url"] == "/?q=al"
    chosen = client.get("/?q=al&sort=name&tenant=acme", headers={**form, "HX-Trigger-Name": "sort"})
    assert chosen.headers["HX-Push-Url"] == "/?q=al&sort=name&tenant=acme"
    refreshed = client.get("/?q=al", headers=HTMX)
    assert not {"HX-Push-Url", "HX-Replace-Url"} & set(refreshed.headers)
    assert b"<html" not in refreshed.content
    assert b"<html" in client.get("/?q=al", headers={**HTMX, "HX-History-Restore-Request": "true"}).content


def test_a_page_that_is_gone_leads_to_the_last_one(client: Client, make: Any) -> None:
    copies(make("first"), 50)
    assert len(names(client.get("/?page=2"))) == 1
    page = client.get("/?page=7&sort=name")
    assert names(page) == ["first"]
    assert 'href="?page=1&amp;sort=name"' in page.content.decode()


def test_numbers_stand_there_without_javascript(client: Client, make: Any) -> None:
    box = make("box", cpu=500, memory=512 << 20)
    numbers = {"memory_used": 128 << 20, "memory_limit": 512 << 20, "network_rx": 0, "network_tx": 0}
    Sample.objects.create(container=box, sampled_at=timezone.now(), cpu_percent=21.0, **numbers)
    page = client.get("/").content.decode()
    assert '<span data-number="cpu">42\N{NO-BREAK SPACE}%</span><progress class="bar " max="100" value="42"' in page
    assert "128\N{NO-BREAK SPACE}MiB</span> <span" in page
    assert 'value="25" aria-label="Memory of box, of its limit" data-number-bar="memory">' in page

    Sample.objects.update(cpu_percent=2.0, memory_used=430 << 20)
    page = client.get("/").content.decode()
    assert ">4.0&nbsp;%<" in page.replace("\N{NO-BREAK SPACE}", "&nbsp;"), "with as many digits as live.js gives it"
    assert '<progress class="bar near" max="100" value="84" aria-label="Memory' in page, "and its colour"


def test_the_row_offers_what_fits(client: Client, make: Any) -> None:
    box = make("box")
    page = client.get("/").content.decode()
    for verb in ("restart", "stop"):
        assert f'formaction="/containers/bulk/?verb={verb}" name="container" value="{box.pk}"' in page
    assert "?verb=start" not in page
    assert f'href="/containers/{box.pk}/people/"' in page
    ContainerStatus.objects.update(state="exited", observed_generation=9)
    Container.objects.update(desired="stopped")
    page = client.get("/").content.decode()
    assert "?verb=start" in page
    assert "?verb=stop" not in page


def bulk(client: Client, verb: str, *rows: Container, **more: str) -> Any:
    return client.post("/containers/bulk/", {"verb": verb, "container": [str(row.pk) for row in rows], **more})


def test_several_at_once_and_why_not_each(client: Client, make: Any) -> None:
    one, two, queued = make("one"), make("two"), make("queued", runs=False)
    answer = bulk(client, "restart", one, two, queued, back="page=1&sort=name&evil=//example.com")
    assert answer.headers["Location"] == "/?sort=name&page=1"
    page = text(client.get("/"))
    assert "one, two are restarting." in page
    assert "queued: Only a running container can be restarted; start it instead." in page
    audit = AuditEvent.objects.filter(action="container:restart").values_list("target", "outcome", "actor")
    assert sorted(audit) == [
        (one.hostname, "done", "alice@example.com"),
        (queued.hostname, "refused", "alice@example.com"),
        (two.hostname, "done", "alice@example.com"),
    ]
    assert bulk(client, "stop", one).headers["Location"] == "/"
    assert Container.objects.get(pk=one.pk).desired == "stopped"
    assert client.post("/containers/bulk/?verb=start", {"container": str(one.pk)}).status_code == 302
    assert Container.objects.get(pk=one.pk).desired == "running"
    assert "one is starting." in said(client)


def test_deleting_several_wants_a_word(client: Client, make: Any) -> None:
    one, two, kept = make("one"), make("two"), make("kept")
    asked = bulk(client, "delete", one, two)
    assert "Delete 2 containers?" in text(asked)
    for row in (one, two):
        assert row.hostname in text(asked)
        assert f'name="container" value="{row.pk}"' in asked.content.decode()
    assert kept.hostname not in text(asked)
    assert "Nothing was deleted: type the word delete" in text(bulk(client, "delete", one, two, word="yes"))
    assert Container.objects.filter(desired="absent").count() == 0
    assert bulk(client, "delete", one, two, word=" Delete ").status_code == 302
    assert set(Container.objects.filter(desired="absent").values_list("name", flat=True)) == {"one", "two"}
    assert "one, two are being deleted." in said(client)


def test_bulk_is_for_what_one_may(client: Client, make: Any, stranger: User, owner: User) -> None:
    one, two = make("one"), make("two")
    other = Client()
    other.force_login(stranger)
    make_tenant("globex", stranger)
    assert bulk(other, "stop", one).status_code == 302
    assert "1 container is not there any more, or is not yours." in text(other.get("/"))
    grants = {"email": stranger.email, "granter": owner.email}
    Grant.objects.create(container=one, permission="operate", **grants)
    Grant.objects.create(container=two, permission="view", **grants)
    bulk(other, "stop", one, two)
    bulk(other, "delete", one, word="delete")
    wanted = dict(Container.objects.values_list("name", "desired"))
    assert wanted == {"one": "stopped", "two": "running"}
    refused = AuditEvent.objects.filter(outcome="refused").values_list("action", "target", "reason", "actor")
    assert set(refused) == {
        ("container:stop", two.hostname, "permission_denied", stranger.email),
        ("container:delete", one.hostname, "permission_denied", stranger.email),
    }
    page = text(other.get("/"))
    assert "two: You may not do this with the container; ask its owner." in page
    assert "one: You may not do this with the container; ask its owner." in page


def test_bulk_takes_nonsense_with_a_word(client: Client, make: Any) -> None:
    make("one")
    assert bulk(client, "surprise").status_code == 404
    assert client.get("/containers/bulk/").status_code == 405
    assert bulk(client, "stop").status_code == 302
    assert "Nothing was done: choose containers first." in said(client)
    client.post("/containers/bulk/", {"verb": "stop", "container": "none"})
    assert "Nothing was done: choose containers first." in said(client)
    client.post("/containers/bulk/", {"verb": "stop", "container": [f"{n:032}" for n in range(101)]})
    assert "Choose at most 100 containers at once." in said(client)
    assert Container.objects.get().desired == "running"


def test_the_first_steps_are_taught(client: Client) -> None:
    page = client.get("/")
    assert "A container runs a program of yours" in text(page)
    assert 'href="/containers/new/?tenant=acme&amp;template=hello"' in page.content.decode()
    assert 'id="search"' not in page.content.decode()


def test_a_suspended_tenant_says_so(client: Client, make: Any, tenant: Tenant) -> None:
    make("one")
    standing.suspend(tenant, actor=None, reason="The invoice is overdue.")
    page = said(client)
    assert "Acme is suspended. The invoice is overdue." in page
    assert "ask whoever runs Warren to resume it" in page


def test_guests_find_what_is_shared(client: Client, make: Any, stranger: User, owner: User) -> None:
    assert 'href="/shared/">Shared with me</a>' not in client.get("/").content.decode()
    theirs = make_tenant("globex", stranger)
    Membership.objects.filter(tenant=theirs).update(role=Role.OWNER)
    box = make("box")
    Grant.objects.create(container=box, email=stranger.email, permission="view", granter=owner.email)
    other = Client()
    other.force_login(stranger)
    page = other.get("/").content.decode()
    assert re.search(r'aria-current="page">Mine</a>\s*<a href="/shared/">Shared with me</a>', page)
    assert re.search(r'id="people-[^>]+>.*</span>1</a>', client.get("/").content.decode())
