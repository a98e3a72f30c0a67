"""The frame of a container's pages in Chromium: on each of them it is the same, so that nothing moves between tabs."""

from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Browser, expect

from containers.models import Container
from tenants.models import User

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


@pytest.fixture(autouse=True)
def beside_playwright(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its loop runs in this thread, and Django would take that for asynchronous code."""
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")


def test_tabs_stay_where_they_are_on_a_telephone(
    box: Container, browser: Browser, live_server: Any, owner: User
) -> None:
    """In German, whose buttons are the widest."""
    client = Client()
    client.force_login(owner)
    kept = client.cookies["warren_session"].value
    tops = {}
    with browser.new_context(locale="de-DE", viewport={"width": 390, "height": 820}) as context:
        context.add_cookies([{"name": "warren_session", "value": kept, "url": live_server.url}])
        page = context.new_page()
        for tab in ("", "people/", "metrics/", "logs/", "activity/", "settings/"):
            page.goto(f"{live_server.url}/containers/{box.pk}/{tab}")
            place = page.locator("nav.tabs").bounding_box()
            assert place
            tops[tab] = round(place["y"])
        page.goto(f"{live_server.url}/containers/{box.pk}/delete/")
        seen = page.locator(".settings > nav").bounding_box()
        part = page.locator(".settings > nav [aria-current]").bounding_box()
    assert len(set(tops.values())) == 1, tops
    assert seen
    assert part
    assert seen["x"] <= part["x"] <= seen["x"] + seen["width"] - part["width"], "where that is seen"


def test_the_consoles_lists_and_forms_on_a_telephone(browser: Browser, live_server: Any, staff: Client) -> None:
    """Of a long address nothing is cut off; a field that is searched in is called by its name."""
    User.objects.create_user("a" * 60 + "@" + "b" * 60 + ".example.com", "secret")
    kept = staff.cookies["warren_session"].value
    with browser.new_context(viewport={"width": 390, "height": 820}) as context:
        context.add_cookies([{"name": "warren_session", "value": kept, "url": live_server.url}])
        page = context.new_page()
        page.goto(f"{live_server.url}/admin/tenants/user/")
        for cell in page.locator("#result_list .field-email").all():
            high, wide = cell.evaluate(
                "(one) => [one.scrollHeight - one.clientHeight, one.scrollWidth - one.clientWidth]"
            )
            assert (high <= 0, wide <= 0) == (True, True), cell.inner_text()
        page.goto(f"{live_server.url}/admin/tenants/tenant/add/")
        page.get_by_role("link", name="Add another Member").click()
        for name in ("Plan*", "User*"):
            expect(page.get_by_role("combobox", name=name)).to_be_visible()
