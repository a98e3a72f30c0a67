"""What people come to do, done twice: with the mouse on a wide screen, with the keyboard alone on a narrow one."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.up.parts import installation
from tests.walks import story
from tests.walks.hands import Hand, Keyboard, Mouse
from tests.walks.scene import Scene


@pytest.mark.timeout(900)  # a minute or so by itself; many times that beside others on a machine that is busy
@pytest.mark.parametrize(
    ("hand", "width"), [(Mouse(), 1440), (Keyboard(), 390)], ids=["with-the-mouse", "with-the-keyboard"]
)
def test_what_people_come_to_do(hand: Hand, width: int, browser: Browser, pictures: str, tmp_path: Path) -> None:
    with installation(tmp_path / "home") as up:
        up.settings["VISITS_SECONDS"] = "1"
        up.start()
        story.walk(Scene(browser, up, hand, width, pictures))
