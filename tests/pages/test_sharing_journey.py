"""Shared, and shut out again: two people in two browsers, at Warren, at their mail and at the edge."""

import time
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from tests.pages.visitor import pass_access, sign_in, visitor
from tests.parts import wait_until
from tests.up.parts import Up, installation

GINA = "gina@example.com"
SOCKET = """
() => {
    window.echoed = 0;
    window.ended = false;
    const socket = new WebSocket(`ws://${location.host}/ws`);
    socket.onopen = () => socket.send("hello");
    socket.onmessage = () => { window.echoed += 1; };
    socket.onclose = () => { window.ended = true; };
}
"""


def _watch(page: Page) -> None:
    page.evaluate(SOCKET)
    page.wait_for_function("window.echoed === 1")


def _echo(up: Up) -> str:
    """An echo container that is ready; its key."""
    token = up.token()
    made = up.api("POST", "containers/", token, json={"name": "tea", "template": "echo"})
    wait_until(lambda: up.api("GET", made.headers["Location"], token).json()["ready"], 30)
    return str(made.json()["id"])


def _chosen(page: Page) -> None:
    """Her address as a chip, in the dialog, by the keyboard alone."""
    page.get_by_role("link", name="Share", exact=True).press("Enter")
    dialog, field = page.get_by_role("dialog"), page.get_by_label("E-mail addresses")
    expect(field).to_be_focused()
    page.keyboard.type("gina, hal@example.com ")
    expect(dialog.get_by_text("gina has no @")).to_be_visible()
    expect(dialog.locator(".chip")).to_contain_text(["gina", "hal@example.com"])
    page.keyboard.press("Enter")
    page.keyboard.press("Backspace")
    expect(dialog.locator(".chip")).to_contain_text(["gina"])
    page.keyboard.press("ArrowLeft")
    expect(dialog.get_by_role("button", name="Remove gina")).to_be_focused()
    page.keyboard.press("Delete")
    expect(field).to_be_focused()
    page.keyboard.type(f"Gina Gray <{GINA}>, {GINA}")
    dialog.get_by_role("radio", name="Operate").check()  # what is pressed stays in its place while the field grows
    expect(dialog.locator(".chip:not(.wrong)")).to_contain_text([GINA])


def _signed_up(guest: Page, up: Up) -> Page:
    """What is shared with her, in a tab of its own."""
    page = guest.context.new_page()
    page.goto(up.url("/sign-up/"))
    page.get_by_label("E-mail address").fill(GINA)
    page.get_by_role("button", name="Send the link").click()

    def links() -> list[str]:
        lines = [line for mail in up.mails(GINA) for line in mail["text"].splitlines()]
        return [line for line in lines if line.startswith("http") and "/sign-up/" in line]

    page.goto(wait_until(links)[0])
    page.get_by_label("Your name").fill("Gina")
    page.get_by_label("Password", exact=True).fill("correct horse battery")
    page.get_by_role("button", name="Create the account").click()
    expect(page.get_by_role("link", name="Open tea")).to_be_visible()
    return page


def test_shared_and_shut_out(browser: Browser, tmp_path: Path) -> None:
    problems: list[str] = []
    with installation(tmp_path / "home") as up:
        up.settings["VISITS_SECONDS"] = "1"
        up.start()
        key = _echo(up)
        owner = visitor(browser, 1440, problems)
        guest = visitor(browser, 1440, [])  # what she sees is the container's, and the edge's
        sign_in(owner, up)
        owner.goto(up.url(f"/containers/{key}/people/"))
        _chosen(owner)
        owner.get_by_role("button", name="Share", exact=True).click()
        expect(owner.locator("span.state.active")).to_be_visible(
            timeout=15_000
        )  # told by the socket: it asks less often
        hers = _signed_up(guest, up)

        (mail,) = wait_until(lambda: [mail for mail in up.mails(GINA) if "http://tea-demo." in mail["text"]])
        link = next(line for line in mail["text"].splitlines() if line.startswith("http://tea-demo."))
        guest.goto(link)
        pass_access(guest, GINA)
        expect(guest.locator("body")).to_contain_text(GINA)  # the container says who Access told it that this is
        _watch(guest)
        own = owner.context.new_page()
        own.goto(link)
        pass_access(own, up.credentials["demo"]["email"])
        _watch(own)

        owner.get_by_role("link", name="Revoke").click()
        expect(owner.get_by_role("dialog").get_by_text("everybody on it reconnects")).to_be_visible()
        began = time.monotonic()
        owner.get_by_role("button", name="Revoke it").click()
        expect(hers.get_by_text("tea is not shared with you any more.")).to_be_visible(timeout=5_000)
        expect(hers.get_by_text("Nothing is shared with you")).to_be_visible()
        guest.wait_for_function("window.ended", timeout=5_000)
        own.wait_for_function("window.ended", timeout=5_000)
        own.reload()  # all sessions of the application were ended: a navigation renews hers, and nobody is asked
        _watch(own)
        guest.goto(link)
        assert "warren.cloudflareaccess.localhost" in guest.url
        assert time.monotonic() - began < 10
        # It was her last way in: she is signed out everywhere, a moment later.
        wait_until(lambda: guest.goto(link) and guest.get_by_label("E-mail address").count(), 10, 0.5)
        pass_access(guest, GINA)
        expect(guest.get_by_role("heading")).to_have_text("You cannot open this")

        owner.get_by_text("Access that has ended").click()
        expect(owner.locator("#ended")).to_contain_text("out since")
        visits = up.url(f"/containers/{key}/visits/")
        owner.goto(visits)
        wait_until(lambda: owner.reload() and owner.get_by_text("refused", exact=True).count(), 20, 0.5)
        expect(owner.get_by_role("link", name="access given by").first).to_be_visible()
        owner.goto(up.url("/activity/"))
        for verb in ("grant:create", "grant:active", "grant:revoke", "grant:out"):
            expect(owner.locator("tbody").get_by_text(verb).first).to_be_visible()
    assert problems == []
