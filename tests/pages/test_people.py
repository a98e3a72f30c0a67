"""People at their own pages, in Chromium: from the sign-up to the invited colleague, wide and narrow."""

import os
import re
from pathlib import Path

from playwright.sync_api import Browser, Locator, Page, expect

from tests.parts import wait_until
from tests.up.parts import Up, installation

PICTURES = os.environ.get("PICTURES", "")
PASSWORD = "correct horse battery"
UNNAMED = """() => [...document.querySelectorAll("input:not([type=hidden]), select, textarea")]
    .filter((field) => !field.labels.length).map((field) => field.outerHTML)"""


def _open(browser: Browser, width: int, problems: list[str]) -> Page:
    context = browser.new_context(viewport={"width": width, "height": 820}, java_script_enabled=width > 1000)
    context.set_default_timeout(15_000)
    page = context.new_page()
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    return page


def _look(page: Page, name: str, headings: int = 1) -> None:
    """At both widths: nothing scrolls sideways, every field has a label, there is one heading of the first rank; and
    one more in an open dialog.
    """
    page.wait_for_load_state()
    for width in (1440, 390):
        page.set_viewport_size({"width": width, "height": 820})
        assert page.locator("h1").count() == headings, name
        assert page.evaluate(UNNAMED) == [], f"{name}: fields without a label"
        if PICTURES:
            page.screenshot(path=Path(PICTURES) / f"{name}-{width}.png", full_page=True)
        wide = page.locator("html").evaluate("page => page.scrollWidth > page.clientWidth")
        assert not wide, f"{name} scrolls sideways at {width}"


def _menu(page: Page, name: str) -> Locator:
    """One of those in the bar, opened."""
    menu = page.locator("details.menu", has=page.locator("summary", has_text=name))
    menu.locator("summary").click()
    return menu


def _link(up: Up, to: str, path: str = "/") -> str:
    """The link with that in it in a mail to this address, once the worker has sent it and the mailbox caught it."""

    def found() -> str | None:
        lines = [line for mail in up.mails(to) for line in mail["text"].splitlines()]
        return next((line for line in lines if line.startswith("http") and path in line), None)

    return str(wait_until(found, 20))


def test_from_the_sign_up_to_a_colleague(browser: Browser, tmp_path: Path) -> None:
    with installation(tmp_path / "home") as up:
        up.start()
        _journey(browser, up)


def _shared(browser: Browser, page: Page, up: Up, problems: list[str]) -> None:
    """Dora shares a container; Gina makes an account by that alone, looks at what is hers, and leaves."""
    page.goto(up.url("/containers/new/"))
    page.get_by_label("Name").fill("boots")
    page.get_by_label("Hello").check()
    page.get_by_role("button", name="Create").click()
    page.get_by_role("link", name="share it").click()
    _look(page, "people-nobody")
    long = "somebody-with-a-very-long-address@a-department.of-a-company.example.com"
    page.get_by_role("link", name="Share", exact=True).click()
    page.get_by_label("E-mail addresses").fill(f"Gina <gina@example.com>; {long}, hal@example.com")
    page.get_by_role("radio", name="Manage").check()
    _look(page, "share")
    page.get_by_role("button", name="Share", exact=True).click()
    expect(page.locator("span.state.active")).to_have_count(3)  # without anybody reloading
    page.get_by_role("link", name="Change the access of hal@example.com").click()
    _look(page, "person")
    page.get_by_role("link", name="Cancel").click()
    page.get_by_role("link", name="Revoke the access of hal@example.com").click()
    expect(page.get_by_role("dialog", name="Revoke the access of hal@example.com?")).to_be_visible()
    _look(page, "revoke")
    page.get_by_role("button", name="Revoke it").click()
    page.get_by_text("Access that has ended").click()
    expect(page.locator("#ended")).to_contain_text("hal@example.com")
    _look(page, "people")

    gina = _open(browser, 390, problems)  # without JavaScript
    gina.goto(up.url("/sign-up/"))
    gina.get_by_label("E-mail address").fill("gina@example.com")
    gina.get_by_role("button", name="Send the link").click()
    gina.goto(_link(up, "gina@example.com", "/sign-up/"))
    _look(gina, "confirm-guest")
    gina.get_by_label("Your name").fill("Gina")
    gina.get_by_label("Password", exact=True).fill(PASSWORD)
    gina.get_by_role("button", name="Create the account").click()
    expect(gina.get_by_role("heading", level=1)).to_have_text("Shared with me")
    _look(gina, "shared")
    gina.get_by_role("link", name="boots", exact=True).click()
    _look(gina, "container-guest")
    gina.get_by_role("link", name="People").click()
    _look(gina, "people-guest")
    gina.get_by_role("link", name="Leave").click()
    _look(gina, "leave")
    gina.get_by_role("button", name="Leave it").click()
    expect(gina.get_by_text("Nothing is shared with you")).to_be_visible()
    _look(gina, "shared-nothing")
    page.get_by_role("link", name="Overview").click()
    _look(page, "container-shared")


def _asked(page: Page) -> None:
    """Questions come up in a dialog, which the keyboard leaves as well as the mouse; yes does what the page would."""
    dialog = page.get_by_role("dialog")
    over = page.get_by_role("link", name="Hand over to bob@example.com")
    over.focus()
    page.keyboard.press("Enter")
    expect(dialog).to_contain_text("Only an owner can give it back")
    _look(page, "hand-over", headings=2)
    dialog.get_by_role("link", name="Cancel").click()
    expect(dialog).to_be_hidden()
    expect(over).to_be_focused()
    page.get_by_role("link", name=re.compile("Make an owner.*bob")).click()
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    page.get_by_role("link", name=re.compile("Make an owner.*bob")).click()
    dialog.get_by_role("button", name="Make an owner").click()
    expect(page.locator(".message")).to_contain_text("bob@example.com is an owner now")


def _fragments(page: Page, up: Up) -> None:
    """A part of a page that can't be fetched is said at the foot; one without a session leads to it, and back."""
    fetch = "path => void htmx.ajax('GET', path, {target: '#main', swap: 'innerHTML'})"
    page.goto(up.url("/account/tokens/"))
    page.evaluate(fetch, "/nowhere/")
    said = page.locator(".toast")
    expect(said).to_contain_text("There is nothing here")
    expect(page.get_by_role("heading", level=1)).to_have_text("Your account")
    said.get_by_role("button", name="Close").click()
    expect(said).to_have_count(0)
    page.context.clear_cookies(name="warren_session")
    page.evaluate(fetch, "/account/")
    expect(page.locator(".message")).to_contain_text("your session has ended")
    page.get_by_label("E-mail address").fill("dora@example.com")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page).to_have_url(up.url("/account/tokens/"))


def _journey(browser: Browser, up: Up) -> None:
    problems: list[str] = []
    page = _open(browser, 1440, problems)
    page.goto(up.url("/sign-in/"))
    _look(page, "sign-in")
    page.get_by_role("link", name="Sign up").click()
    _look(page, "sign-up")
    page.get_by_label("E-mail address").fill("dora@example.com")
    page.get_by_role("button", name="Send the link").click()
    expect(page.locator(".message")).to_contain_text("on its way")
    page.goto(_link(up, "dora@example.com"))
    page.get_by_label("Your name").fill("Dora the Explorer")
    page.get_by_label("Password", exact=True).fill("dora")
    page.get_by_label("Name of your tenant").fill("Boots & Sons")
    page.get_by_role("button", name="Create the account").click()
    expect(page.get_by_role("alert")).to_contain_text("too short")
    _look(page, "confirm")
    expect(page.get_by_label("Password", exact=True)).to_be_focused()  # the first that is wrong
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Create the account").click()
    expect(page.get_by_text("No containers yet")).to_be_visible()

    page.get_by_role("link", name="Tenant", exact=True).click()
    _look(page, "tenant")
    page.get_by_role("link", name="Members").click()
    page.get_by_label("E-mail address").fill("a-very-long-address-of-somebody@a-department.example.com")
    page.get_by_role("button", name="Send the invitation").click()
    page.get_by_label("E-mail address").fill("bob@example.com")
    page.get_by_role("button", name="Send the invitation").click()
    _look(page, "tenant-invited")

    link, bob = _link(up, "bob@example.com"), _open(browser, 390, problems)  # without JavaScript
    bob.goto(link)
    _look(bob, "invitation")
    bob.get_by_label("Your name").fill("Bob")
    bob.get_by_label("Password", exact=True).fill(PASSWORD)
    bob.get_by_role("button", name="Create the account and join").click()
    expect(bob.locator(".message")).to_contain_text("Welcome to Boots & Sons")
    bob.get_by_role("link", name="Tenant", exact=True).click()
    bob.get_by_role("link", name="Members").click()
    _look(bob, "tenant-member")

    page.reload()
    _asked(page)
    _look(page, "tenant-owners")

    _shared(browser, page, up, problems)
    _menu(page, "Account").get_by_role("link", name="Your account").click()
    _look(page, "account")
    page.get_by_role("link", name="New tenant").click()
    page.get_by_label("Name of your tenant").fill("A second one with quite a long name, to see where it breaks")
    _look(page, "tenant-new")
    page.get_by_role("button", name="Create the tenant").click()
    _look(page, "tenant-second")
    _menu(page, "Work for").get_by_role("button", name="Boots & Sons").click()
    _menu(page, "Account").get_by_role("link", name="Your account").click()
    page.get_by_role("link", name="API tokens").click()
    page.get_by_label("Name").fill("nightly backup")
    page.get_by_role("button", name="Create the token").click()
    expect(page.locator("#secret")).to_be_visible()
    _look(page, "tokens")
    page.get_by_role("link", name="Revoke nightly backup").click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke it").click()
    expect(page.locator(".message")).to_contain_text("revoked")
    page.get_by_role("link", name="Account", exact=True).click()
    page.get_by_role("link", name="Change the password").click()
    page.get_by_role("dialog").get_by_role("button", name="Show the password").first.click()
    expect(page.get_by_label("Present password")).to_have_attribute("type", "text")
    eye, field = (
        page.get_by_role("dialog").locator(part).first.bounding_box()
        for part in ("[data-reveal]", "input:not([type=hidden])")
    )
    assert eye
    assert field
    assert eye["x"] + eye["width"] < field["x"] + field["width"], "the field's border is seen beside what is pointed at"
    page.goto(up.url("/account/password/"))
    _look(page, "password")
    page.goto(up.url("/account/close/"))
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Close the account").click()
    expect(page.get_by_role("alert")).to_contain_text("last owner")
    _look(page, "close")
    _fragments(page, up)
    _menu(page, "Account").get_by_role("button", name="Sign out").click()
    for _ in range(10):
        page.get_by_label("E-mail address").fill("dora@example.com")
        page.get_by_label("Password", exact=True).fill("wrong")
        page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading")).to_contain_text("Too many wrong passwords")
    _look(page, "locked")
    assert [text for text in problems if "429" not in text and "404" not in text] == []
