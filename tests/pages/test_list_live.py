"""The list in Chromium: what somebody is in the midst of outlives that its rows are drawn anew; typing searches.

What else a browser shows without a socket: numbers that stand, notes, and chips at the creation.
"""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from access.models import Grant
from containers import admission
from containers.engine.memory import MemoryEngine
from containers.models import Container, ContainerStatus, Template
from monitoring.models import Sample
from tenants.models import Tenant, User

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


@pytest.fixture(autouse=True)
def beside_playwright(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its loop runs in this thread, and Django would take that for asynchronous code."""
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")


@pytest.fixture
def page(beside_playwright: None, browser: Browser, live_server: Any, owner: User) -> Page:
    client = Client()
    client.force_login(owner)
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(15_000)
    for name, kept in client.cookies.items():
        context.add_cookies([{"name": name, "value": kept.value, "url": live_server.url}])
    return context.new_page()


def drawn_anew(page: Page, name: str) -> None:
    """What changed elsewhere is here; without a socket the page asks by itself."""
    label = f"changed elsewhere {time.monotonic()}"
    Container.objects.filter(name=name).update(label=label)
    expect(page.get_by_text(label)).to_be_visible()


def test_a_click_is_not_lost_where_the_rows_change_between_press_and_release(
    page: Page, live_server: Any, owner: User, tenant: Tenant, template: Template, memory: MemoryEngine, zone: Any
) -> None:
    admission.create(actor=owner, tenant=tenant, template=template, name="alpha")
    page.goto(live_server.url)
    opener = page.get_by_label("What to do with alpha")
    opener.hover()
    page.mouse.down()
    Container.objects.update(label="changed elsewhere")
    for _ in range(2):  # what was asked for before the change, and what comes after it
        with page.expect_response(lambda answer: "hx-request" in answer.request.headers):
            pass
    page.wait_for_timeout(100)
    expect(page.get_by_text("changed elsewhere")).to_have_count(0)
    page.mouse.up()
    expect(page.get_by_role("button", name="Stop", exact=True).and_(page.locator("#rows button"))).to_be_visible()
    expect(page.get_by_text("changed elsewhere")).to_be_visible()


def test_one_is_not_disturbed(
    page: Page, live_server: Any, owner: User, tenant: Tenant, template: Template, memory: MemoryEngine, zone: Any
) -> None:
    for name in ("alpha", "beta", "gamma"):
        admission.create(actor=owner, tenant=tenant, template=template, name=name)
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(live_server.url)
    page.get_by_label("Choose alpha").check()
    page.get_by_label("Choose beta").check()
    expect(page.locator("#chosen")).to_have_text("2 chosen")
    opener = page.get_by_label("What to do with gamma")
    opener.click()
    opener.press("ArrowDown")
    stop = page.get_by_role("button", name="Stop", exact=True).and_(page.locator("#rows button"))
    expect(stop).to_be_focused()
    drawn_anew(page, "beta")
    expect(stop).to_be_focused()
    expect(page.get_by_label("Choose alpha")).to_be_checked()
    expect(page.get_by_label("Choose gamma")).not_to_be_checked()
    expect(page.locator("#chosen")).to_have_text("2 chosen")
    page.keyboard.press("Escape")
    expect(opener).to_be_focused()

    search = page.get_by_label("Search by name, label or address")
    search.press_sequentially("be")
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page).to_have_url(re.compile(r"/\?q=be$"))
    drawn_anew(page, "beta")
    expect(search).to_be_focused()
    expect(search).to_have_value("be")
    page.get_by_role("link", name=re.compile("^Stopped")).click()
    expect(page.get_by_text("No container matches")).to_be_visible()
    expect(page).to_have_url(re.compile(r"/\?q=be&state=stopped$"))
    page.go_back()
    expect(page.locator("tbody tr")).to_have_count(1)
    page.get_by_label("Choose all on this page").check()
    page.locator("#bulk").get_by_role("button", name="Stop").click()
    expect(page.get_by_text("beta is stopping.")).to_be_visible()
    expect(page).to_have_url(re.compile(r"/\?q=be"))
    assert dict(Container.objects.values_list("name", "desired"))["beta"] == "stopped"
    assert problems == []


def test_what_was_drawn_stands_until_it_is_old(
    page: Page, live_server: Any, owner: User, tenant: Tenant, template: Template, memory: MemoryEngine, zone: Any
) -> None:
    made = admission.create(actor=owner, tenant=tenant, template=template, name="alpha")
    ContainerStatus.objects.filter(container=made).update(state="running")
    measured = {"memory_used": 3 << 20, "memory_limit": 4 << 20, "pids": 1, "network_rx": 1, "network_tx": 1}
    Sample.objects.create(container=made, sampled_at=timezone.now(), cpu_percent=10, **measured)
    page.clock.install()
    page.goto(live_server.url)
    number, bar = page.locator("[data-number=memory]"), page.locator("progress[data-number-bar=memory]")
    notes = page.locator(".note")
    expect(notes.first).to_have_text("Reconnecting…")  # all scripts ran, and no sample ever comes
    expect(number).to_have_text(re.compile("^3.MiB$"))
    expect(bar).to_be_visible()
    page.context.set_offline(True)
    expect(notes.last).to_contain_text("You are offline.")
    above, below = notes.first.bounding_box(), notes.last.bounding_box()
    assert above
    assert below
    assert above["y"] + above["height"] <= below["y"], "both are there to be read"
    page.clock.fast_forward(6_000)
    expect(number).to_have_text("\N{EN DASH}")
    expect(bar).to_be_hidden()


@contextmanager
def _list_of(owner: User, browser: Browser, live_server: Any, **screen: Any) -> Iterator[Page]:
    """The list in a browser with a screen of its own."""
    client = Client()
    client.force_login(owner)
    kept = client.cookies["warren_session"].value
    with browser.new_context(**screen) as context:
        context.add_cookies([{"name": "warren_session", "value": kept, "url": live_server.url}])
        page = context.new_page()
        page.goto(live_server.url)
        yield page


@pytest.mark.parametrize("width", [1440, 1024, 768, 390])
def test_long_names_and_long_words_have_room(
    width: int,
    browser: Browser,
    live_server: Any,
    owner: User,
    tenant: Tenant,
    template: Template,
    memory: MemoryEngine,
    zone: Any,
) -> None:
    """In German, whose words are the longest; a label takes one line, however long it is."""
    name = "quarterly-planning-of-2027"
    box = admission.create(actor=owner, tenant=tenant, template=template, name=name)
    Container.objects.update(
        label="Rechnungen und Mahnungen aller Standorte, und was sonst noch aufgehoben werden muss, bis 2034"
    )
    ContainerStatus.objects.update(state="running", observed_generation=box.generation)  # degraded: its words are long
    numbers = {"memory_used": 100 << 20, "memory_limit": 512 << 20, "network_rx": 0, "network_tx": 0}
    Sample.objects.create(container=box, sampled_at=timezone.now(), cpu_percent=2.0, **numbers)
    screen = {"locale": "de-DE", "viewport": {"width": width, "height": 900}}
    with _list_of(owner, browser, live_server, **screen) as page:
        expect(page.get_by_text("läuft, beeinträchtigt")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        label = page.get_by_text("Rechnungen und").bounding_box()
        assert label
        assert label["height"] < 30


@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
def test_nothing_moves_for_whoever_asked_for_less(
    motion: Any,
    browser: Browser,
    live_server: Any,
    owner: User,
    tenant: Tenant,
    template: Template,
    memory: MemoryEngine,
    zone: Any,
) -> None:
    """What is on its way has a ring that turns."""
    made = admission.create(actor=owner, tenant=tenant, template=template, name="alpha")
    ContainerStatus.objects.filter(pk=made.pk).update(attempts=1)
    with _list_of(owner, browser, live_server, reduced_motion=motion) as page:
        expect(page.get_by_text("provisioning")).to_be_visible()
        turning = (
            "document.getAnimations().filter((each) => each.animationName === 'turn' && each.playState === 'running')"
        )
        assert page.evaluate(f"{turning}.length") == (0 if motion == "reduce" else 1)


def test_who_is_let_in_from_the_start_is_written_as_chips(
    page: Page, live_server: Any, tenant: Tenant, template: Template, memory: MemoryEngine, zone: Any
) -> None:
    page.goto(f"{live_server.url}/containers/new/")
    page.get_by_label("Name", exact=True).fill("alone")
    opened = page.get_by_text("Let somebody in from the start")
    opened.click()
    field, chips = page.get_by_label("E-mail addresses"), page.locator(".chip")
    field.fill("gina@example.com, hal")
    page.get_by_label("Message").focus()
    expect(chips).to_contain_text(["gina@example.com", "hal"])
    opened.click()
    page.get_by_role("button", name="Create", exact=True).click()
    expect(page.locator("#id_email-wrong")).to_have_text("hal has no @")
    expect(page.locator("#id_email-wrong")).to_be_visible()
    expect(field).to_be_focused()
    page.keyboard.press("Backspace")
    expect(chips).to_contain_text(["gina@example.com"])
    page.get_by_role("button", name="Create", exact=True).click()
    expect(page).to_have_title(re.compile("^alone"))
    assert list(Grant.objects.values_list("email", flat=True)) == ["gina@example.com"]

    page.goto(f"{live_server.url}/containers/new/")
    page.get_by_label("Name", exact=True).fill("nobody-else")
    page.get_by_role("button", name="Create", exact=True).click()  # nobody need be named
    expect(page).to_have_title(re.compile("^nobody-else"))
