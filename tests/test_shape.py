"""The shape that the code keeps: small modules, each with a name that says what is in it; the tests' no larger."""

import statistics
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
APPS = ("access", "cloudflare", "config", "containers", "monitoring", "tenants")
MOST = 300  # lines of a module


def modules(*folders: str) -> dict[Path, int]:
    """The modules in these folders that hold anything, with their lines."""
    found = {
        path: len(path.read_text().splitlines())
        for folder in folders
        for path in (ROOT / folder).rglob("*.py")
        if "migrations" not in path.parts
    }
    return {path: count for path, count in found.items() if count}


def test_modules_stay_small() -> None:
    assert statistics.median(modules(*APPS).values()) <= 80
    assert {path: count for path, count in modules(*APPS, "tests").items() if count > MOST} == {}


def test_no_module_is_a_drawer() -> None:
    drawers = {"utils.py", "helpers.py", "common.py", "misc.py", "base_utils.py"}
    assert [path for path in modules(*APPS, "tests") if path.name in drawers] == []
