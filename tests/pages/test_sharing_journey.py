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
        owner.get_by_label("E-mail addresses").fill(GINA)
        owner.get_by_role("button", name="Share").click()
        expect(owner.locator("span.state.active")).to_be_visible(timeout=15_000)  # without anybody reloading

        (mail,) = wait_until(lambda: up.mails(GINA))
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
        expect(owner.get_by_text("everybody on it reconnects")).to_be_visible()
        began = time.monotonic()
        owner.get_by_role("button", name="Revoke it").click()
        guest.wait_for_function("window.ended", timeout=5_000)
        own.wait_for_function("window.ended", timeout=5_000)
        own.reload()  # all sessions of the application were ended: a navigation renews hers, and nobody is asked
        _watch(own)
        guest.goto(link)
        assert "warren.cloudflareaccess.localhost" in guest.url
        assert time.monotonic() - began < 10
        pass_access(guest, GINA)  # it was her last way in: she is signed out everywhere
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
