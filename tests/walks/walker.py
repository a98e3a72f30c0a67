"""Somebody at a browser of their own, who is looked after wherever they stop."""

import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, expect

from tests.pages.visitor import TELL
from tests.walks.hands import Hand

SETTLED = """
() => document.readyState === "complete"
    && document.fonts.status === "loaded"
    && !document.querySelector(".htmx-request, .htmx-swapping, .htmx-settling")
    && document.getAnimations().every((one) => one.playState !== "running" || one.effect.getTiming().iterations > 9)
"""
GRAVE = {"serious", "critical"}
EVERYTHING = {"resultTypes": ["violations"]}
CONTRAST = {**EVERYTHING, "runOnly": ["color-contrast"]}  # all that the colours can change
WIDE = 1000  # pixels; the dark colours are the same on a narrow screen


class Walker:
    """What they do goes by the role and the name that the page gives to it, as a screen reader would say them."""

    def __init__(self, browser: Browser, walk: str, hand: Hand, width: int, pictures: str) -> None:
        self.walk, self.hand, self.width, self.pictures = walk, hand, width, pictures
        self.problems: list[str] = []
        self.stops = 0
        self.context = browser.new_context(
            viewport={"width": width, "height": 820}, reduced_motion="reduce", color_scheme="light"
        )
        self.context.set_default_timeout(15_000)
        self.context.add_init_script(TELL)
        self.context.on("console", self._said)
        self.context.on("weberror", lambda error: self.problems.append(str(error.error)))
        self.page: Page = self.context.new_page()

    def _said(self, message: ConsoleMessage) -> None:
        """On a page of Warren's own: what else is open belongs to Access or to a container. The admin has no policy."""
        of = urlsplit(message.page.url if message.page else "")
        unheld = of.path.startswith("/admin/") and message.text.startswith("policy")
        if message.type == "error" and of.hostname == "localhost" and not unheld:
            self.problems.append(f"{message.text} ({message.location['url']})")

    def find(self, role: Any, name: str | re.Pattern[str]) -> Locator:
        return self.page.get_by_role(role, name=name, exact=isinstance(name, str))

    def press(self, role: Any, name: str | re.Pattern[str]) -> None:
        self.hand.press(self.find(role, name).first)

    def opens(self, role: Any, name: str | re.Pattern[str]) -> None:
        """It leads to a page of its own; `returns` closes that."""
        with self.context.expect_page() as opened:
            self.press(role, name)
        self.page = opened.value

    def returns(self) -> None:
        self.page.close()
        self.page = self.context.pages[-1]

    def menu(self, name: str) -> None:
        """`<summary>` has no role of its own that all agree on."""
        self.hand.press(self.page.locator("summary").filter(has_text=name).first)

    def write(self, name: str | re.Pattern[str], text: str) -> None:
        self.hand.write(self.page.get_by_label(name, exact=isinstance(name, str)).first, text)

    def tick(self, role: Any, name: str | re.Pattern[str]) -> None:
        self.hand.tick(self.find(role, name))

    def choose(self, name: str | re.Pattern[str], label: str) -> None:
        self.hand.choose(self.page.get_by_label(name, exact=isinstance(name, str)).first, label)

    def sees(self, words: str | re.Pattern[str]) -> None:
        expect(self.page.get_by_text(words).first).to_be_visible()

    def tab(self, name: str) -> None:
        """Of a container."""
        self.hand.press(self.page.get_by_role("navigation", name="This container").get_by_role("link", name=name))

    def heads(self, words: str | re.Pattern[str]) -> None:
        """What the page calls itself."""
        expect(self.page.get_by_role("heading", level=1)).to_have_text(words)

    def sign_in(self, address: str, email: str, password: str) -> None:
        self.page.goto(address)
        self.write("E-mail address", email)
        self.write("Password", password)
        self.press("button", "Sign in")

    def steps_done(self) -> None:
        """Without anybody reloading."""
        expect(self.page.locator("ol.steps li.done")).to_have_count(8, timeout=30_000)

    def pass_access(self, email: str) -> None:
        """At the login page of the edge."""
        self.write("E-mail address", email)
        self.press("button", "Sign in")

    def stop(self, name: str, *, noisy: bool = False) -> None:
        """Once nothing moves: a picture in either light, and whatever axe or the console has to say.

        `noisy`: a browser tells the console of each request that fails, which is what is looked at here.
        """
        page = self.page
        page.wait_for_function(SETTLED)
        self.stops += 1
        told = []
        for light, rules in (("light", EVERYTHING), ("dark", CONTRAST)):
            page.emulate_media(color_scheme=light)  # type: ignore[arg-type]
            page.wait_for_function(SETTLED)
            if self.pictures:
                self._picture(f"{self.walk}-{self.stops:02}-{name}-{self.width}-{light}.png")
            if light == "dark" and self.width < WIDE:
                continue
            if not page.evaluate("'axe' in window"):
                page.evaluate(AXE_SCRIPT)
            found = page.evaluate("(rules) => axe.run(rules)", rules)["violations"]
            told += [f"{light}: {_told(row)}" for row in found if row["impact"] in GRAVE]
        page.emulate_media(color_scheme="light")
        assert told == [], f"{self.walk}, {name} ({page.url}):\n" + "\n".join(told)
        sideways = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert sideways <= 0, f"{self.walk}, {name}: {sideways} pixels too wide"
        if noisy:
            self.problems.clear()
        self.quiet()

    def _picture(self, name: str) -> None:
        """The caret stays: to hide it, inputs would get a style, which a fragment that refreshes takes over."""
        whole = not self.page.locator("dialog[open]").count()  # a dialog lies over what is in sight
        path = Path(self.pictures) / name
        self.page.screenshot(path=path, full_page=whole, animations="disabled", caret="initial")

    def quiet(self) -> None:
        """The console has heard of nothing."""
        assert self.problems == [], f"{self.walk}: {self.problems}"


def _told(violation: dict[str, Any]) -> str:
    nodes = violation["nodes"]
    each = "; ".join(f"{node['target'][0]} {node['html'][:160]!r}" for node in nodes[:4])
    return f"{violation['id']} ({violation['impact']}), {len(nodes)} times: {violation['help']}: {each}"
