"""An owner's day: what runs, how much it takes, what it says; a look inside; somebody let in, and put out again."""

import contextlib
import re
import time
from typing import Any

import docker
from playwright.sync_api import expect

from tests.parts import slowness, wait_until
from tests.walks.guest import GINA, Visit, link_for
from tests.walks.scene import Scene
from tests.walks.walker import Walker

LINE = "Brewed the first pot"


def prepare(scene: Scene) -> str:
    """What an owner has: one that answers and echoes, one that is stopped, one more. The key of the first."""
    up, token = scene.up, scene.up.token()
    names = {"tea": "echo", "notes-of-the-long-meeting": "notes", "hello": "hello"}
    made = {
        name: up.api("POST", "containers/", token, json={"name": name, "template": template}).headers["Location"]
        for name, template in names.items()
    }
    for where in made.values():
        wait_until(lambda where=where: up.api("GET", where, token).json()["ready"], 60)
    assert up.api("POST", f"{made['hello']}stop/", token).status_code == 202
    return str(up.api("GET", made["tea"], token).json()["id"])


def begin(scene: Scene) -> Walker:
    owner = scene.walker("owner")
    demo = scene.up.credentials["demo"]
    owner.sign_in(scene.up.url(), demo["email"], demo["password"])
    owner.heads("Containers")
    row = owner.page.get_by_role("row", name=re.compile("tea"))
    expect(row.locator("[data-number=memory]")).to_have_text(re.compile("B$"))
    owner.stop("list")
    return owner


def look(owner: Walker, scene: Scene) -> None:
    """From the list to what the container takes, says, and has inside."""
    owner.press("link", "tea")
    owner.heads(re.compile("tea.*running"))
    owner.stop("overview")
    owner.tab("Metrics")
    expect(owner.page.locator(".numbers [data-number=memory]")).to_have_text(re.compile(r"^[\d.,]+\s[KM]iB$"))
    owner.press("button", "24 hours")
    owner.stop("metrics")
    owner.tab("Logs")
    _says(scene, LINE)
    log = owner.page.get_by_role("log")
    expect(log.get_by_text(LINE)).to_be_visible()
    owner.write("Lines with", "first pot")
    owner.stop("logs")
    _types(owner)


def _types(owner: Walker) -> None:
    owner.tab("Terminal")
    owner.press("button", "Open a terminal")
    expect(owner.page.locator(".xterm-helper-textarea")).to_be_focused()
    owner.page.keyboard.type("uname\n")
    expect(owner.page.locator(".xterm-rows")).to_contain_text("Linux")
    owner.stop("terminal")
    owner.page.keyboard.press("Control+Shift+ArrowUp")  # the way out of it
    owner.press("button", "Close")
    owner.sees("Closed.")


def _says(scene: Scene, words: str) -> None:
    """As if the program of `tea` had written a line."""
    with contextlib.closing(docker.from_env()) as client:
        mine = [f"warren.installation={scene.up.mark}", "warren.hostname=tea-demo.containers.localhost"]
        (tea,) = client.containers.list(filters={"label": mine})
        script = ["/bin/busybox", "sh", "-c", 'echo "$WORDS" >/proc/1/fd/1']
        assert tea.exec_run(script, environment={"WORDS": words}).exit_code == 0


def share(owner: Walker, email: str) -> None:
    owner.tab("People")
    owner.press("link", re.compile("^Share"))
    owner.write("E-mail addresses", email)
    owner.tick("radio", re.compile("^Operate"))
    owner.stop("share")
    owner.press("button", "Share")
    row = owner.page.get_by_role("row", name=re.compile(re.escape(email)))
    expect(row.locator(".state.active")).to_be_visible()  # told by the socket: the page asks less often
    owner.stop("people")


def choose_addresses(owner: Walker) -> None:
    """As chips, by the keyboard whatever the hand; nothing comes of it."""
    owner.tab("People")
    owner.press("link", re.compile("^Share"))
    page, dialog, field = owner.page, owner.page.get_by_role("dialog"), owner.page.get_by_label("E-mail addresses")
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
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    page.reload()


def revoke(owner: Walker, scene: Scene, gina: Walker) -> None:
    """She is out within seconds, and what she has open ends; so does the owner's, who gets in again without a word."""
    link = link_for(scene, GINA)
    hers, own = Visit(scene.walker("guest's tab"), link), Visit(scene.walker("owner's tab"), link)
    for visit, email in ((hers, GINA), (own, scene.up.credentials["demo"]["email"])):
        visit.enter(email)
        visit.watch()
    owner.press("link", re.compile(f"^Revoke.*{re.escape(GINA)}"))
    owner.sees("everybody on it reconnects")
    owner.stop("revoke")
    began = time.monotonic()
    owner.press("button", "Revoke it")
    gina.sees("tea is not shared with you any more.")
    gina.sees("Nothing is shared with you")
    hers.is_cut_off()
    own.is_cut_off()
    own.walker.page.reload()  # all sessions of the application were ended: his is renewed, and nobody is asked
    own.watch()
    page = hers.walker.page
    page.goto(link)
    assert "warren.cloudflareaccess.localhost" in page.url
    assert time.monotonic() - began < 10 * slowness()
    # It was her last way in: she is signed out everywhere, a moment later.
    wait_until(lambda: page.goto(link) and page.get_by_label("E-mail address").count(), 10, 0.5)
    hers.walker.pass_access(GINA)
    hers.walker.heads("You cannot open this")


def record(owner: Walker, scene: Scene, key: str) -> None:
    """What has ended, who came and who was refused, and who did what."""
    owner.menu("Access that has ended")
    expect(owner.page.locator("#ended")).to_contain_text("out since")
    owner.page.goto(scene.up.url(f"/containers/{key}/visits/"))
    refused: Any = owner.page.get_by_text("refused", exact=True)
    wait_until(lambda: owner.page.reload() and refused.count(), 20, 0.5)
    expect(owner.page.get_by_role("link", name="access given by").first).to_be_visible()
    owner.stop("visits")
    owner.page.goto(scene.up.url("/activity/"))
    for deed in ("Share the container", "Let in at the edge", "Revoke an access", "Out at the edge"):
        expect(owner.page.locator("tbody").get_by_text(deed).first).to_be_visible()
    owner.stop("record")
    owner.quiet()
