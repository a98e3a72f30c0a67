"""The shape that the code keeps: small modules, each with a name that says what is in it."""

import statistics
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
APPS = ("access", "cloudflare", "config", "containers", "monitoring", "tenants")


def modules() -> dict[Path, int]:
    return {
        path: len(path.read_text().splitlines())
        for app in APPS
        for path in (ROOT / app).rglob("*.py")
        if "migrations" not in path.parts
    }


def test_modules_stay_small() -> None:
    found = {path: count for path, count in modules().items() if count}
    assert statistics.median(found.values()) <= 80
    assert {path: count for path, count in found.items() if count > 300} == {}


def test_no_module_is_a_drawer() -> None:
    drawers = {"utils.py", "helpers.py", "common.py", "misc.py", "base_utils.py"}
    assert [path for path in modules() if path.name in drawers] == []
