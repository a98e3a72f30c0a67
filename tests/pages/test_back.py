"""Who signs out leaves nothing to be seen by going back."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import Browser, expect, sync_playwright

from tenants.models import User
from tests.pages.conftest import CHROMIUM, FLAGS, signed_in

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


@pytest.fixture(autouse=True)
def beside_playwright(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its loop runs in this thread, and Django would take that for asynchronous code."""
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")


@pytest.fixture
def remembering() -> Iterator[Browser]:
    """One that keeps whole pages to go back to, as people's do: Playwright turns that off."""
    kept = ["--disable-back-forward-cache"]
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS, ignore_default_args=kept)
        yield launched
        launched.close()


def test_back_after_signing_out(remembering: Browser, live_server: Any, owner: User) -> None:
    context = remembering.new_context()
    name = settings.SESSION_COOKIE_NAME
    context.add_cookies([{"name": name, "value": signed_in(owner).cookies[name].value, "url": live_server.url}])
    page = context.new_page()
    page.goto(f"{live_server.url}/account/")
    expect(page.locator("main")).to_contain_text(owner.email)
    page.locator("summary", has_text="Account").click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/sign-in/")
    page.go_back()
    expect(page).to_have_url(f"{live_server.url}/sign-in/?next=/account/")
