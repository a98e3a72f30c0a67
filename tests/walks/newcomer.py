"""Somebody who has heard of Warren: from the sign-up to the first container, opened."""

import re

from playwright.sync_api import Page, expect

from tests.pages.visitor import visitor
from tests.parts import docker_containers, wait_until
from tests.up.parts import Up
from tests.walks.scene import Scene
from tests.walks.walker import Walker

DORA = "dora@example.com"
SLUG = "dora"
PASSWORD = "a-long-enough-secret-9"


def walk(scene: Scene) -> None:
    dora = scene.walker("newcomer")
    _sign_up(dora, scene)
    dora.sees("No containers yet")
    dora.stop("empty")
    dora.press("link", re.compile("Create the first one"))
    dora.write("Name", "hello")
    dora.tick("radio", re.compile("^Hello"))
    dora.stop("create")
    dora.press("button", "Create")
    dora.steps_done()
    dora.stop("ready")
    _open(dora)
    _nobody_else(scene)
    _change(dora)
    _stop_and_delete(dora)
    wait_until(lambda: docker_containers(scene.up.mark) == [], 30)
    _without_scripts(visitor(scene.browser, scene.width, dora.problems, javascript=False), scene.up)
    dora.quiet()


def _sign_up(dora: Walker, scene: Scene) -> None:
    dora.page.goto(scene.up.url())
    dora.stop("sign-in")
    dora.press("link", "Sign up")
    dora.write("E-mail address", DORA)
    dora.stop("sign-up")
    dora.press("button", "Send the link")
    dora.sees(re.compile("on its way"))
    wait_until(lambda: scene.up.mails(DORA))
    dora.page.goto(f"http://localhost:{scene.up.edge_port}/mailbox")
    dora.press("link", re.compile("Warren"))
    dora.stop("mail")
    dora.press("link", re.compile("sign-up"))
    dora.write("Your name", "Dora")
    dora.write("Password", PASSWORD)
    dora.write("Name of your tenant", "Dora's")
    dora.write(re.compile("^Short name"), SLUG)
    dora.stop("account")
    dora.press("button", "Create the account")


def _open(dora: Walker) -> None:
    """Access asks who she is, refuses another address, and lets hers in."""
    dora.opens("link", "Open")
    assert "warren.cloudflareaccess.localhost" in dora.page.url
    dora.pass_access("mallory@example.com")
    dora.heads("You cannot open this")
    dora.press("link", "Sign in as somebody else")
    dora.pass_access(DORA)
    dora.page.wait_for_url(f"http://hello-{SLUG}.containers.localhost:*/")
    dora.heads("Hello from hello")
    dora.stop("opened")
    dora.returns()


def _nobody_else(scene: Scene) -> None:
    nobody = visitor(scene.browser, scene.width, [])
    answer = nobody.goto(f"http://hello-{SLUG}.containers.localhost:{scene.up.edge_port}/")
    assert answer is not None
    assert "warren.cloudflareaccess.localhost" in answer.url
    nobody.context.close()


def _change(dora: Walker) -> None:
    """Whatever somebody calls a variable, the page stays as wide as its screen."""
    dora.tab("Settings")
    dora.write("New secrets", f"{'A_LONG_NAME_' * 8}=1")
    dora.write(re.compile("^Label"), "without-any-space-" * 5)
    dora.press("button", "Save")
    dora.sees("The settings are saved.")
    dora.heads(re.compile("hello.*running"))
    dora.stop("changed")
    dora.tab("Settings")
    dora.stop("settings")


def _stop_and_delete(dora: Walker) -> None:
    dora.press("button", "Stop")
    dora.heads(re.compile("hello.*stopped"))
    dora.press("button", "Start")
    dora.heads(re.compile("hello.*running"))
    dora.menu("More")
    dora.press("link", "Delete")
    dora.write(re.compile("^Type its name"), "helo")
    dora.press("button", "Delete it")
    dora.sees("That is not its name, and nothing was deleted")
    dora.stop("delete")
    dora.write(re.compile("^Type its name"), "hello")
    dora.press("button", "Delete it")
    dora.sees("No containers yet")  # the page leads back by itself


def _without_scripts(page: Page, up: Up) -> None:
    page.goto(up.url())
    page.get_by_label("E-mail address").fill(DORA)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name="Create the first one").click()
    page.get_by_label("Name", exact=True).fill("Not A Name")
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_text("Use lower-case letters, digits and single hyphens").first).to_be_visible()
    page.get_by_label("Name", exact=True).fill("plain")
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("running")  # the page reloads itself
    page.locator("summary").filter(has_text="Account").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    page.goto(up.url("/containers/new/"))
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    page.context.close()
