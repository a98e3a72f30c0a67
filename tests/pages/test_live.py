"""What moves on a container's page, in Chromium: numbers, log, terminal, what the engine does; and its way back."""

import contextlib
import os
import re
import signal
import time
from pathlib import Path

import docker
from docker.models.containers import Container
from playwright.sync_api import Browser, Page, expect

from tests.pages.visitor import sign_in, visitor
from tests.parts import docker_containers, slowness
from tests.up.parts import Up, installation

BUSY = ["/bin/busybox", "timeout", "6", "/bin/busybox", "sh", "-c", "while :; do :; done"]


def _create(page: Page) -> str:
    page.get_by_role("link", name="Create the first one").click()
    page.get_by_label("Name").fill("moving")
    page.get_by_label("Hello").check()
    page.get_by_role("button", name="Create").click()
    expect(page.locator("ol.steps li.done")).to_have_count(8)  # without anybody reloading
    return page.url


def _write(container: Container, words: str, descriptor: int = 1) -> None:
    """As if its program had written a line."""
    done = container.exec_run(
        ["/bin/busybox", "sh", "-c", f'echo "$WORDS" >/proc/1/fd/{descriptor}'], environment={"WORDS": words}
    )
    assert done.exit_code == 0, done.output


def _tab(page: Page, name: str) -> None:
    """Another part of the document that is open: nothing is loaded, and the focus stays."""
    page.evaluate("document.body.dataset.kept = 'yes'")
    tab = page.get_by_label("This container").get_by_role("link", name=name)
    tab.click()
    expect(tab).to_have_attribute("aria-current", "page")
    expect(tab).to_be_focused()
    assert page.evaluate("document.body.dataset.kept") == "yes"


def _tabs_are_one_document(page: Page, where: str) -> None:
    _tab(page, "Metrics")
    assert page.url == f"{where}metrics/"
    expect(page).to_have_title("Metrics · moving · Warren")
    _tab(page, "Logs")
    page.go_back()
    expect(page.get_by_role("heading", name="Metrics")).to_be_visible()
    assert page.url == f"{where}metrics/"
    page.go_back()
    expect(page.get_by_role("heading", name="How it stands")).to_be_visible()
    expect(page).to_have_title("moving · Warren")
    assert page.url == where
    expect(page.locator(".layers > .ok")).to_have_count(4)
    expect(page.locator("#tiles [data-number=memory]")).to_have_text(re.compile(r"iB$"))
    expect(page.locator("#tiles progress")).to_have_count(2)


def _numbers_move(page: Page, container: Container) -> None:
    _tab(page, "Metrics")
    numbers = page.locator(".numbers")
    expect(numbers.locator("[data-number=memory]")).to_have_text(re.compile(r"^[\d.]+\s[KM]iB$"))
    expect(numbers.locator("[data-number=cpu]")).to_have_text(re.compile(r"^\d\.\d\s%$"))
    container.exec_run(BUSY, detach=True)
    expect(numbers.locator("[data-number=cpu]")).to_have_text(re.compile(r"^\d{2,3}\s%$"))
    drawn = page.get_by_role("img", name=re.compile(r"^CPU of the last five minutes: last .*, highest \d{2,3}\s%$"))
    expect(drawn).to_be_visible()
    expect(drawn.locator("canvas")).to_be_visible()
    network = page.get_by_role(
        "img", name=re.compile(r"^Network of the last five minutes: in last .*, highest .*; out")
    )
    expect(network.locator("canvas")).to_be_visible()
    drawn.focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    expect(page.locator("[data-chart=cpu] [data-heard]")).to_have_text(re.compile(r"% at \d\d:\d\d:\d\d$"))
    page.get_by_role("button", name="24 hours").click()
    expect(page.get_by_role("img", name=re.compile("^Memory of the last 24 hours: last"))).to_be_visible()


def _log_streams(page: Page, container: Container) -> None:
    _tab(page, "Logs")
    log = page.get_by_role("log")
    expect(log.get_by_text("Nothing was written yet.")).to_be_visible()
    _write(container, "first <b>words</b>")
    expect(log.get_by_text("first <b>words</b>")).to_be_visible()
    _write(container, "\x1b[31mwent wrong\x1b[0m", 2)
    expect(log.locator(".stderr")).to_contain_text("went wrong")
    expect(log.locator(".stderr")).not_to_contain_text("[31m")
    page.get_by_label("Lines with").fill("WRONG")
    expect(log.get_by_text("first")).to_be_hidden()
    expect(log.locator("mark")).to_have_text(["wrong"])
    page.get_by_role("button", name="Only these").click()
    expect(log.get_by_text("first")).to_be_visible()
    page.get_by_role("button", name="Next").click()
    expect(log.locator(".here")).to_contain_text("went wrong")
    expect(page.locator("[data-place]")).to_have_text("1 of 1")
    page.get_by_role("button", name="Only these").click()
    page.get_by_label("Lines with").fill("")
    _write(container, "progress 1\rprogress 2\r")
    expect(log.get_by_text(re.compile("^progress 2$"))).to_be_visible()
    page.get_by_label("Lines with").fill("nobody wrote this")
    expect(log.get_by_text("No line has these words.")).to_be_visible()
    page.get_by_label("Lines with").fill("")
    section = page.locator("#logs")
    section.get_by_role("button", name="Pause").click()
    _write(container, "said meanwhile")
    section.get_by_role("button", name="Follow").click()
    expect(log.get_by_text("said meanwhile")).to_be_visible()
    expect(log.get_by_text("first")).to_have_count(1)
    _downloads(page)


def _downloads(page: Page) -> None:
    page.locator("#log-download summary").click()
    with page.expect_download() as shown:
        page.get_by_role("button", name="What is shown").click()
    with page.expect_download() as fetched:
        page.get_by_role("button", name="Download these").click()
    for download in (shown.value, fetched.value):
        assert download.suggested_filename.startswith("moving-")
        text = Path(download.path()).read_text()
        assert "Z first <b>words</b>\n" in text
        assert "Z err went wrong\n" in text.replace("\x1b[31m", "").replace("\x1b[0m", "")
    page.keyboard.press("Escape")


def _ends(page: Page, selector: str) -> float:
    box = page.locator(selector).bounding_box()
    assert box is not None
    return box["y"] + box["height"]


def _shell_types(page: Page) -> None:
    _tab(page, "Terminal")
    page.get_by_role("button", name="Open a terminal").click()
    screen = page.locator(".xterm-rows")
    expect(page.locator(".xterm-helper-textarea")).to_be_focused()
    assert _ends(page, ".xterm-screen") <= _ends(page, ".screen")  # the last row is there to be read
    page.keyboard.type("uname; printf '\\033[38;2;200;100;0mcolour\\033[0m\\n'\n")
    expect(screen).to_contain_text("Linux")
    expect(screen.get_by_text("colour", exact=True)).to_have_css("color", "rgb(200, 100, 0)")
    page.keyboard.type("echo wide $(stty size)\n")
    expect(screen).to_contain_text(re.compile(r"wide \d+ 1\d\d\b"))
    page.set_viewport_size({"width": 700, "height": 820})
    page.keyboard.type("until stty size | grep -q ' [67].$'; do sleep 0.1; done; echo narrow $(stty size)\n")
    expect(screen).to_contain_text(re.compile(r"narrow \d+ [67]\d\b"))
    page.set_viewport_size({"width": 1440, "height": 820})
    page.keyboard.type("export KEPT=alive\n")
    _tab(page, "Logs")
    _tab(page, "Terminal")
    page.locator(".xterm-helper-textarea").focus()
    page.keyboard.type("echo still $KEPT\n")
    expect(screen).to_contain_text("still alive")


def _a_kill_is_seen(page: Page, container: Container) -> None:
    _tab(page, "Overview")
    seen = page.locator(".incidents").get_by_text("ended with exit code 137")
    expect(seen).to_have_count(0)
    container.kill()
    expect(seen).to_be_visible(timeout=1000 * slowness())
    expect(page.locator("#terminal [data-said]")).to_have_text("The container has stopped, and the shell with it.")
    expect(page.locator("h1")).to_contain_text("running")


def _comes_back(page: Page, up: Up, container: Container) -> None:
    _tab(page, "Terminal")
    page.get_by_role("button", name="Open another").click()
    expect(page.get_by_role("button", name="Close")).to_be_visible()
    connection = page.locator("[data-sign-in]")
    (web,) = [pid for pid, command in up.programs().items() if "daphne" in command]
    os.kill(web, signal.SIGKILL)
    began = time.monotonic()
    expect(connection).to_have_text("Reconnecting…", timeout=15_000)
    expect(page.locator("#terminal [data-said]")).to_have_text("The connection was lost, and the shell with it.")
    patience = 10 * slowness()
    expect(connection).to_be_empty(timeout=1000 * patience)
    assert time.monotonic() - began < patience
    expect(page.get_by_role("button", name="Reconnect")).to_be_visible()
    _write(container, "after that")
    _tab(page, "Logs")
    expect(page.get_by_role("log").get_by_text("after that")).to_be_visible()
    expect(page.get_by_role("log").get_by_text("first")).to_have_count(1)
    _tab(page, "Metrics")
    expect(page.locator(".numbers [data-number=cpu]")).to_have_text(re.compile(r"%$"))


def _the_list_moves(page: Page, up: Up, where: str) -> None:
    row = page.get_by_role("row", name=re.compile("moving"))
    expect(row.locator("[data-number=memory]")).to_have_text(re.compile("B$"))
    assert up.api("POST", f"containers/{where.rstrip('/').rpartition('/')[2]}/stop/", up.token()).status_code == 202
    expect(row).to_contain_text("stopped", timeout=10_000)
    expect(row.locator("[data-number=memory]")).to_have_text("\N{EN DASH}", timeout=10_000)


def test_what_moves(browser: Browser, tmp_path: Path) -> None:
    problems: list[str] = []
    with installation(tmp_path / "home") as up:
        up.start()
        page = visitor(browser, 1440, problems)
        sign_in(page, up)
        where = _create(page)
        (name,) = [each for each in docker_containers(up.mark) if "connector" not in each]
        with contextlib.closing(docker.from_env()) as client:
            container = client.containers.get(name)
            _tabs_are_one_document(page, where)
            _numbers_move(page, container)
            _log_streams(page, container)
            _shell_types(page)
            _a_kill_is_seen(page, container)
            assert problems == []  # whatever is said from here on is of a server that is away
            _comes_back(page, up, container)
        problems.clear()
        small = visitor(browser, 390, problems)
        sign_in(small, up)
        _the_list_moves(small, up, where)
        assert problems == []
