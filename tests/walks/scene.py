"""Where the walks take place: one installation, one way to use its pages."""

from dataclasses import dataclass

from playwright.sync_api import Browser

from tests.up.parts import Up
from tests.walks.hands import Hand
from tests.walks.walker import Walker


@dataclass
class Scene:
    browser: Browser
    up: Up
    hand: Hand
    width: int
    pictures: str  # the folder for them; none are taken without one

    def walker(self, walk: str) -> Walker:
        return Walker(self.browser, walk, self.hand, self.width, self.pictures)
