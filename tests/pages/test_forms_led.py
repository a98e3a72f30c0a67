"""Where the keyboard is after a form was refused, in Chromium: with JavaScript and without."""

import re
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from tests.pages.visitor import sign_in, visitor
from tests.up.parts import Up, installation


def test_the_keyboard_is_where_something_is_wrong(browser: Browser, tmp_path: Path) -> None:
    with installation(tmp_path / "home") as up:
        up.start()
        token = up.token()
        box = up.api("POST", "containers/", token, json={"name": "box", "template": "hello"}).json()["id"]
        for javascript, port in ((True, 9000), (False, 9001)):
            problems: list[str] = []
            page = visitor(browser, 390, problems, javascript)
            _wrong_password(page, up)
            sign_in(page, up)
            _overtaken(page, up, token, f"containers/{box}/", port)
            _refused_in_the_dialog(page, up, f"/containers/{box}/people/#ask")
            assert problems == []
            page.context.close()


def _wrong_password(page: Page, up: Up) -> None:
    page.goto(up.url("/sign-in/"))
    page.get_by_label("E-mail address").fill("demo@example.com")
    page.get_by_label("Password", exact=True).fill("not this one")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_label("Password", exact=True)).to_be_focused()
    expect(page.get_by_label("Password", exact=True)).to_have_value("")
    for name in ("E-mail address", "Password"):
        field = page.get_by_label(name, exact=True)
        expect(field).to_have_attribute("aria-invalid", "true")
        expect(field).to_have_accessible_description(re.compile("No account has this address with this password"))
    expect(page.get_by_label("E-mail address")).to_have_value("demo@example.com")


def _overtaken(page: Page, up: Up, token: str, box: str, port: int) -> None:
    """The page was opened at one of its parts: that must not keep the keyboard."""
    page.goto(up.url(f"/{box}settings/#environment"))
    page.get_by_label("Label").fill("mine")
    page.get_by_label("Port").fill("7000")
    assert up.api("PATCH", box, token, json={"port": port}).status_code == 202
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("region", name="Somebody was faster")).to_be_focused()
    expect(page.locator("#overtaken tr", has_text="Port")).to_contain_text(re.compile(rf"{port}\s+7000"))
    expect(page.get_by_label("Label")).to_have_value("mine")
    expect(page.get_by_label("Port")).to_have_accessible_description(re.compile(f"to: {port}. Saving puts yours over"))
    page.get_by_role("link", name="Take theirs").click()
    expect(page.get_by_label("Port")).to_have_value(str(port))
    expect(page.get_by_label("Label")).to_have_value("")


def _refused_in_the_dialog(page: Page, up: Up, people: str) -> None:
    """On the page itself without JavaScript."""
    page.goto(up.url(people))
    page.get_by_label("E-mail addresses").fill("gina@example.com")
    page.get_by_label("Message").fill("see www.example.org")
    page.get_by_role("button", name="Share", exact=True).click()
    expect(page.get_by_label("Message")).to_be_focused()
    expect(page.get_by_label("Message")).to_have_value("see www.example.org")
    expect(page.get_by_label("Message")).to_have_accessible_description(re.compile("must hold no address"))
