"""What the list may cost with a hundred containers: bytes, queries, and time until it answers, and is up to date.

With `-s` it says what was measured, as docs/benchmarks.md has it.
"""

import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from django.conf import settings as django_settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from playwright.sync_api import Browser, Page, Route, expect

from cloudflare.models import Publication
from containers import admission
from containers.engine.memory import MemoryEngine
from containers.models import Condition, Container, ContainerStatus, Template
from tenants import tokens
from tenants.models import Membership, Tenant, User
from tests.conftest import converge
from tests.installation import environment, program
from tests.pages.visitor import visitor
from tests.parts import Cloud, slowness, wait_until
from tests.up.parts import free_port

MANY = 100
BYTES = 150_000  # of everything that the page makes a browser fetch, with an empty cache
QUERIES = 12
SECONDS = 1.0
# When the page is drawn and its scripts have run: from then on every button does what it says.
ANSWERS = """
() => {
    const notice = () => {
        const page = document.documentElement;
        if (page && ["scripted", "moving"].every((name) => page.classList.contains(name))) {
            window.answersAt = performance.now();
            watching.disconnect();
        }
    };
    const watching = new MutationObserver(notice);
    watching.observe(document, { subtree: true, attributes: true, attributeFilter: ["class"] });
}
"""


def _measured(what: str, found: float, bound: float, unit: str) -> None:
    sys.stdout.write(f"\n{what}: {found:,.{2 if unit == 's' else 0}f} {unit} of {bound:,.{2 if unit == 's' else 0}f}")


def _copy(row: Any, **changes: Any) -> Any:
    """Not saved; with a key of its own where it has one."""
    values = {field.attname: getattr(row, field.attname) for field in row._meta.fields if field.name != "id"}
    return type(row)(**values | changes)


@pytest.fixture
def hundred(owner: User, tenant: Tenant, template: Template, memory: MemoryEngine, zone: Any) -> list[Container]:
    """One that was made as all are, and 99 that look like it."""
    first = admission.create(actor=owner, tenant=tenant, template=template, name="box-0")
    converge()
    rows = [
        _copy(first, name=f"box-{number}", hostname=f"{number}-{first.hostname}", engine_name=f"box-{number}")
        for number in range(1, MANY)
    ]
    Container.objects.bulk_create(rows)
    for model in (ContainerStatus, Condition, Publication):
        copies = [
            _copy(found, container_id=row.pk, **({"hostname": row.hostname} if hasattr(found, "hostname") else {}))
            for found in model.objects.filter(container=first)
            for row in rows
        ]
        model.objects.bulk_create(copies)
    return [first, *rows]


def _signed_in(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


@pytest.mark.django_db
def test_the_list_asks_the_database_a_fixed_number_of_times(owner: User, hundred: list[Container]) -> None:
    client = _signed_in(owner)
    client.get("/")
    for headers in ({}, {"HX-Request": "true"}):
        with CaptureQueriesContext(connection) as asked:
            assert client.get("/", headers=headers).status_code == 200
        _measured("rows alone" if headers else "the list", len(asked), QUERIES, "queries")
        assert len(asked) <= QUERIES, "\n".join(row["sql"][:200] for row in asked)


@pytest.fixture
def web(cloud: Cloud, mark: str) -> Iterator[str]:
    """The program that serves pages and sockets; nothing else runs, so that what it costs is its own."""
    port = free_port()
    command = ("daphne", "-b", "127.0.0.1", "-p", str(port), "config.asgi:application")
    with program(*command, env=environment(cloud, mark)):
        address = f"http://localhost:{port}"
        wait_until(lambda: _answers(address), 30)
        yield address


def _answers(address: str) -> bool:
    try:
        return requests.get(f"{address}/healthz", timeout=5).ok
    except requests.ConnectionError:
        return False


def _open(browser: Browser, address: str, session: str, problems: list[str]) -> tuple[Page, dict[str, int]]:
    """The list in a browser that knows nothing yet, and what each of its files weighed on the wire."""
    page = visitor(browser, 1440, problems)
    page.context.add_cookies([{"name": django_settings.SESSION_COOKIE_NAME, "value": session, "url": address}])
    page.add_init_script(f"({ANSWERS})()")
    wire = page.context.new_cdp_session(page)
    wire.send("Network.enable")
    asked: dict[str, str] = {}
    weighed: dict[str, int] = {}
    wire.on("Network.requestWillBeSent", lambda told: asked.update({told["requestId"]: told["request"]["url"]}))
    wire.on(
        "Network.loadingFinished",
        lambda told: weighed.update({asked.get(told["requestId"], "?"): int(told["encodedDataLength"])}),
    )
    page.goto(address)
    page.wait_for_function("window.answersAt")
    page.wait_for_load_state("networkidle")
    return page, weighed


@pytest.fixture
def session(owner: User) -> str:
    return _signed_in(owner).cookies[django_settings.SESSION_COOKIE_NAME].value


@pytest.fixture
def token(tenant: Tenant) -> str:
    """Of somebody else on the team."""
    bob = User.objects.create_user("bob@example.com", "secret")
    Membership.objects.create(tenant=tenant, user=bob)
    return tokens.create(actor=bob)[1]


# The browser comes last: with it the thread has an event loop, and Django's ORM will have nothing to do with it.
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_the_list_is_light_and_lives(
    hundred: list[Container], session: str, token: str, web: str, browser: Browser
) -> None:
    problems: list[str] = []
    _open(browser, web, session, problems)[0].close()  # templates are read, and connections opened
    page, weighed = _open(browser, web, session, problems)
    _measured("the list, with nothing in the cache", sum(weighed.values()), BYTES, "bytes")
    assert sum(weighed.values()) <= BYTES, sorted(weighed.items(), key=lambda row: -row[1])
    answers_at = page.evaluate("window.answersAt") / 1000
    _measured("until it answers", answers_at, SECONDS * slowness(), "s")
    assert answers_at <= SECONDS * slowness()
    assert problems == []
    _changes_elsewhere(page, web, token)
    assert problems == []
    _what_was_lost_comes(_open(browser, web, session, problems)[0], web, token)


def _what_was_lost_comes(page: Page, address: str, token: str) -> None:
    """A fragment that the network lost on its way, beside a socket that noticed nothing."""
    row, lost = page.locator("[data-container]").nth(5), list[str]()

    def lose(route: Route) -> None:
        if lost or "hx-request" not in route.request.headers:
            route.continue_()
        else:
            lost.append(route.request.url)
            route.abort()

    page.route("**/*", lose)
    url = f"{address}/api/v1/containers/{row.get_attribute('data-container')}/stop/"
    assert requests.post(url, headers={"Authorization": f"Bearer {token}"}, timeout=20).ok
    expect(row).to_contain_text("stopp")
    assert lost


def _changes_elsewhere(page: Page, address: str, token: str) -> None:
    """What somebody else does is on the page within a second of the answer that they got."""
    shown = [page.locator("[data-container]").nth(number).get_attribute("data-container") for number in range(4)]

    def change(pk: str | None, path: str, body: dict[str, str] | None, place: str, words: str) -> None:
        url, headers = f"{address}/api/v1/containers/{pk}/{path}", {"Authorization": f"Bearer {token}"}
        expect(page.locator(place)).not_to_contain_text(words)
        answer = requests.post(url, json=body, headers=headers, timeout=20)
        assert answer.ok, answer.text
        answered = time.monotonic()
        expect(page.locator(place)).to_contain_text(words)
        took = time.monotonic() - answered
        _measured(f"{path} elsewhere, until {words!r} is shown", took, SECONDS * slowness(), "s")
        assert took <= SECONDS * slowness(), f"{words}: {took:.2f} s"

    def row(number: int) -> str:
        return f"[data-container='{shown[number]}']"

    change(shown[0], "stop/", None, row(0), "stopp")
    change(shown[2], "rename/", {"name": "called-anew"}, row(2), "called-anew")
    change(shown[1], "access/", {"email": "gina@example.com"}, f"#people-{shown[1]}", "1")
    page.goto(f"{address}/containers/{shown[3]}/people/")
    page.wait_for_function("window.answersAt")
    page.wait_for_load_state("networkidle")
    change(shown[3], "access/", {"email": "gina@example.com"}, "#people", "gina@example.com")
