"""What goes wrong while somebody looks on: each page says so, what goes on all the same, and recovers by itself."""

import re
from pathlib import Path

from playwright.sync_api import Browser, expect

from tests.parts import wait_until
from tests.up.parts import Up, installation
from tests.walks.hands import Mouse
from tests.walks.relay import Relay, relay
from tests.walks.scene import Scene
from tests.walks.walker import Walker

SLOW = 40_000  # milliseconds; a busy machine looks again after its pauses


def test_what_goes_wrong_is_said_and_mended(browser: Browser, pictures: str, tmp_path: Path) -> None:
    with relay(tmp_path) as engine, installation(tmp_path / "home") as up:
        up.settings |= {"DOCKER_HOST": f"unix://{engine.path}"}
        up.start()
        token, made = up.token(), {}
        for name in ("box", "other"):
            made[name] = up.api("POST", "containers/", token, json={"name": name, "template": "hello"}).json()["id"]
        for pk in made.values():
            wait_until(lambda pk=pk: up.api("GET", f"containers/{pk}/", token).json()["ready"], 60)
        owner = Scene(browser, up, Mouse(), 390, pictures).walker("errors")
        demo = up.credentials["demo"]
        owner.sign_in(up.url(f"/containers/{made['box']}/"), demo["email"], demo["password"])
        expect(owner.page.get_by_role("heading", level=1)).to_contain_text("running")
        _offline(owner)
        _session_ended(owner, up)
        _engine_away(owner, engine)
        _cloudflare_away(owner, up)
        _deleted_elsewhere(owner, up, token, made["other"])


def _offline(owner: Walker) -> None:
    note = owner.page.get_by_text("You are offline.")
    owner.context.set_offline(True)
    expect(note).to_be_visible()
    owner.press("button", "Stop")  # goes nowhere, and nothing that was there is lost
    owner.stop("offline", noisy=True)
    expect(owner.page.get_by_role("heading", level=1)).to_contain_text("running")
    owner.context.set_offline(False)
    expect(note).to_be_hidden()
    expect(owner.page.locator(".connection:not(:empty)")).to_have_count(0, timeout=SLOW)


def _session_ended(owner: Walker, up: Up) -> None:
    """By hand in another tab: whoever is on the page is asked to sign in, and comes back to it."""
    there = owner.page.url
    other = owner.context.new_page()
    other.goto(up.url())
    other.locator("summary").filter(has_text="Account").click()
    other.get_by_role("button", name="Sign out").click()
    other.close()
    expect(owner.page).to_have_url(re.compile("/sign-in/"), timeout=SLOW)
    owner.sees(re.compile("session has ended"))
    owner.stop("session-ended", noisy=True)
    owner.write("E-mail address", up.credentials["demo"]["email"])
    owner.write("Password", up.credentials["demo"]["password"])
    owner.press("button", "Sign in")
    expect(owner.page).to_have_url(there)


def _engine_away(owner: Walker, engine: Relay) -> None:
    """What was asked waits, and is done once the engine is back."""
    engine.down()
    owner.press("button", "Stop")
    layers = owner.page.get_by_role("region", name="How it stands")
    expect(layers).to_contain_text("Docker does not answer", timeout=SLOW)
    owner.stop("docker-away")
    engine.up()
    expect(owner.page.get_by_role("heading", level=1)).to_contain_text("stopped", timeout=SLOW)
    expect(layers).not_to_contain_text("Docker does not answer", timeout=SLOW)
    owner.press("button", "Start")
    expect(owner.page.get_by_role("heading", level=1)).to_contain_text("running", timeout=SLOW)


def _cloudflare_away(owner: Walker, up: Up) -> None:
    """What is new waits at its step, with the reason and what comes next; the others are open as before."""
    up.fault(kind="status", status=503)
    owner.page.goto(up.url("/containers/new/"))
    owner.write("Name", "late")
    owner.press("button", "Create")
    owner.sees(re.compile("Cloudflare does not answer|tried again by itself"))
    expect(owner.page.locator("ol.steps li.failed")).to_be_visible(timeout=SLOW)
    owner.stop("cloudflare-away")
    up.control("DELETE", "faults")
    expect(owner.page.get_by_role("link", name="Open", exact=True)).to_be_visible(timeout=SLOW)
    owner.quiet()


def _deleted_elsewhere(owner: Walker, up: Up, token: str, pk: str) -> None:
    owner.page.goto(up.url(f"/containers/{pk}/"))
    expect(owner.page.get_by_role("heading", level=1)).to_contain_text("running")
    assert up.api("DELETE", f"containers/{pk}/", token).status_code == 202
    owner.sees(re.compile("was deleted"))
    owner.heads("Containers")
    owner.stop("deleted", noisy=True)
