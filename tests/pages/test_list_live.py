"""The list in Chromium: what somebody is in the midst of outlives that its rows are drawn anew; typing searches."""

import re
import time
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Browser, Page, expect

from containers import admission
from containers.engine.memory import MemoryEngine
from containers.models import Container, Template
from tenants.models import Tenant, User

pytestmark = pytest.mark.django_db(transaction=True)


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
    page.get_by_label("What to do with gamma").click()
    page.keyboard.press("ArrowDown")
    stop = page.get_by_role("button", name="Stop", exact=True).and_(page.locator("#rows button"))
    expect(stop).to_be_focused()
    drawn_anew(page, "beta")
    expect(stop).to_be_focused()
    expect(page.get_by_label("Choose alpha")).to_be_checked()
    expect(page.get_by_label("Choose gamma")).not_to_be_checked()
    expect(page.locator("#chosen")).to_have_text("2 chosen")
    page.keyboard.press("Escape")
    expect(page.get_by_label("What to do with gamma")).to_be_focused()

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
