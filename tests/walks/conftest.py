"""A browser for all walks of a process, and where their pictures go."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.pages.conftest import CHROMIUM, FLAGS


@pytest.fixture
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield launched
        launched.close()


@pytest.fixture
def pictures() -> str:
    """`PICTURES=folder` has them taken at every stop; those of the README are from there."""
    folder = os.environ.get("PICTURES", "")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
    return folder
