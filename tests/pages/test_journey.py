"""A newcomer's first minutes, in Chromium: sign in, create, watch, open, who else is let in; and without JavaScript."""

import os
import re
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from tests.pages.visitor import sign_in, visitor
from tests.parts import docker_containers, wait_until
from tests.up.parts import Up, installation

# Set it to keep the pictures: those of the README are made by this test.
PICTURES = os.environ.get("PICTURES", "")


def _picture(page: Page, name: str) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), f"{name} scrolls sideways"
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}.png")


def _create(page: Page, name: str) -> None:
    page.get_by_role("link", name=re.compile("New container|Create the first one")).first.click()
    page.get_by_label("Name").fill(name)
    page.get_by_label("Hello").check()
    _picture(page, f"create-{page.viewport_size['width']}")
    page.get_by_role("button", name="Create").click()


def _settings(page: Page) -> None:
    """Whatever somebody calls a variable, the page stays as wide as its screen."""
    page.get_by_role("link", name="Settings").click()
    page.get_by_label("New secrets").fill(f"{'A_LONG_NAME_' * 8}=1")
    page.get_by_label("Label").fill("without-any-space-" * 5)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("The settings are saved.")).to_be_visible()
    expect(page.locator("ol.steps li.done")).to_have_count(8)
    expect(page.locator("h1")).to_contain_text("running")
    _picture(page, "container-changed-390")
    page.get_by_role("link", name="Settings").click()
    _picture(page, "settings-390")
    page.get_by_role("link", name="Cancel").click()


def test_the_first_container(browser: Browser, tmp_path: Path) -> None:
    problems: list[str] = []
    with installation(tmp_path / "home") as up:
        up.start()
        page = visitor(browser, 1440, problems)
        sign_in(page, up)
        expect(page.get_by_text("No containers yet")).to_be_visible()
        _create(page, "hello")
        expect(page.locator("ol.steps li.done")).to_have_count(8)  # without anybody reloading
        expect(page.locator("h1")).to_contain_text("running")
        _picture(page, "container-1440")

        with page.context.expect_page() as opened:
            page.get_by_role("link", name="Open").click()
        login = opened.value
        assert "warren.cloudflareaccess.localhost" in login.url
        login.get_by_label("E-mail address").fill("mallory@example.com")
        login.get_by_role("button", name="Sign in").click()
        expect(login.get_by_role("heading")).to_have_text("You cannot open this")
        login.get_by_role("link", name="Sign in as somebody else").click()
        login.get_by_label("E-mail address").fill("demo@example.com")
        login.get_by_role("button", name="Sign in").click()
        login.wait_for_url("http://hello-demo.containers.localhost:*/")
        expect(login.get_by_role("heading").first).to_be_visible()
        assert "Simulated Cloudflare" not in login.content()

        nobody = visitor(browser, 1440, problems)
        answer = nobody.goto(f"http://hello-demo.containers.localhost:{up.edge_port}/")
        assert answer is not None
        assert "warren.cloudflareaccess.localhost" in answer.url

        page.goto(up.url())
        _picture(page, "list-1440")
        small = visitor(browser, 390, problems)
        sign_in(small, up)
        _picture(small, "list-390")
        small.get_by_role("link", name="hello", exact=True).click()
        expect(small.locator("h1")).to_contain_text("running")
        _picture(small, "container-390")
        _settings(small)
        small.get_by_role("button", name="Stop").click()
        expect(small.locator("h1")).to_contain_text("stopped")
        small.get_by_role("button", name="Start").click()
        expect(small.locator("h1")).to_contain_text("running")
        small.locator("#more summary").click()
        small.get_by_role("link", name="Delete").click()
        question = small.get_by_role("dialog", name="Delete hello?")
        question.get_by_label("Type its name").fill("helo")
        question.get_by_role("button", name="Delete it").click()
        expect(small.get_by_text("That is not its name, and nothing was deleted")).to_be_visible()
        small.get_by_label("Type its name").fill("hello")
        small.get_by_role("button", name="Delete it").click()
        expect(small.get_by_text("No containers yet")).to_be_visible()  # the page leads back by itself
        wait_until(lambda: docker_containers(up.mark) == [], 30)
        _without_javascript(visitor(browser, 390, problems, javascript=False), up)
    assert [text for text in problems if "403" not in text] == []  # Chromium reports the refusal of the stranger


def _without_javascript(page: Page, up: Up) -> None:
    sign_in(page, up)
    page.get_by_role("link", name="Create the first one").click()
    page.get_by_label("Name").fill("Not A Name")
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_text("Use lower-case letters, digits and single hyphens")).to_be_visible()
    page.get_by_label("Name").fill("plain")
    page.get_by_role("button", name="Create").click()
    expect(page.locator("h1")).to_contain_text("running")  # the page reloads itself
    page.locator("summary", has_text="Account").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    page.goto(up.url("/containers/new/"))
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
