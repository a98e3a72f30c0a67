"""Somebody with whom a container was shared: the mail, the container, what was given, and leaving it."""

import re

from playwright.sync_api import expect

from tests.parts import wait_until
from tests.walks.scene import Scene
from tests.walks.walker import Walker

GINA = "gina@example.com"
PASSWORD = "another-long-secret-7"
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


class Visit:
    """Somebody at a container's own address, with a connection that stays open."""

    def __init__(self, walker: Walker, link: str) -> None:
        self.walker, self.link = walker, link

    def enter(self, email: str) -> None:
        """The container says who Access told it that this is."""
        self.walker.page.goto(self.link)
        self.walker.pass_access(email)
        expect(self.walker.page.locator("body")).to_contain_text(email)

    def watch(self) -> None:
        self.walker.page.evaluate(SOCKET)
        self.walker.page.wait_for_function("window.echoed === 1")

    def is_cut_off(self) -> None:
        self.walker.page.wait_for_function("window.ended")


def link_for(scene: Scene, email: str) -> str:
    """The container's address, as the invitation has it."""
    (mail, *_) = wait_until(lambda: [each for each in scene.up.mails(email) if "http://tea-demo." in each["text"]])
    return next(str(line) for line in mail["text"].splitlines() if line.startswith("http://tea-demo."))


def walk(scene: Scene) -> Walker:
    gina = scene.walker("guest")
    wait_until(lambda: scene.up.mails(GINA))
    gina.page.goto(f"http://localhost:{scene.up.edge_port}/mailbox")
    gina.press("link", re.compile("tea"))
    gina.stop("mail")
    gina.press("link", re.compile(r"tea-demo\.containers"))
    gina.pass_access(GINA)
    gina.page.wait_for_url("http://tea-demo.containers.localhost:*/")
    expect(gina.page.locator("body")).to_contain_text(GINA)
    _sign_up(gina, scene)
    gina.heads("Shared with me")
    gina.stop("shared")
    gina.press("link", "tea")
    gina.heads(re.compile("tea.*running"))
    gina.stop("container")
    gina.press("link", re.compile("^Leave"))
    gina.sees("Leave tea?")
    gina.stop("leave")
    gina.press("button", "Leave it")
    gina.sees("Nothing is shared with you")
    gina.stop("left")
    return gina


def is_given_it_again(gina: Walker) -> None:
    gina.page.reload()
    expect(gina.find("link", re.compile("^Open tea"))).to_be_visible()


def _sign_up(gina: Walker, scene: Scene) -> None:
    """To see what she was given she makes an account, without a tenant."""
    gina.page.goto(scene.up.url("/shared/"))
    gina.press("link", re.compile("Sign up|shared with you"))
    gina.write("E-mail address", GINA)
    gina.press("button", "Send the link")
    gina.sees(re.compile("on its way"))
    wait_until(lambda: len(scene.up.mails(GINA)) > 1)
    gina.page.goto(f"http://localhost:{scene.up.edge_port}/mailbox")
    gina.press("link", re.compile("Confirm"))
    gina.press("link", re.compile("sign-up"))
    gina.write("Your name", "Gina")
    gina.write("Password", PASSWORD)
    gina.press("button", "Create the account")
