"""Staff: what needs them, the tenant that it is about, its plan; a suspension, and its end."""

import re

from playwright.sync_api import expect

from tests.parts import wait_until
from tests.walks.hands import Keyboard
from tests.walks.scene import Scene
from tests.walks.walker import Walker

IVAN = "ivan@example.com"
REASON = "Unpaid since March."


def prepare(scene: Scene, key: str) -> None:
    """Somebody whose access has ended, and whom Cloudflare goes on letting in, because it does not answer."""
    up, token = scene.up, scene.up.token()
    given = up.api("POST", f"containers/{key}/access/", token, json={"email": IVAN}).json()
    grant = f"containers/{key}/access/{given['id']}/"
    wait_until(lambda: up.api("GET", grant, token).json()["state"] == "active")
    up.fault(kind="status", status=503, method="PUT", path="access/")
    assert up.api("DELETE", grant, token).ok


def walk(scene: Scene, owner: Walker, key: str) -> None:
    prepare(scene, key)
    admin = scene.walker("staff")
    credentials = scene.up.credentials["admin"]
    admin.page.goto(scene.up.url("/admin/"))
    admin.write(re.compile("E-mail address"), credentials["email"])
    admin.write(re.compile("Password"), credentials["password"])
    admin.press("button", re.compile("^Log in"))
    admin.sees("Needs attention")
    attention = admin.page.get_by_role("link", name=re.compile(f"{IVAN} may still get into tea"))
    wait_until(lambda: attention.count() or (admin.page.reload() and attention.count()), 20, 0.5)
    admin.stop("attention")
    scene.up.control("DELETE", "faults")
    admin.press("link", re.compile(f"{IVAN} may still get into tea"))
    admin.stop("publication")
    _tenant(admin, scene)
    _suspend(admin, owner, scene)


def _tenant(admin: Walker, scene: Scene) -> None:
    admin.page.goto(scene.up.url("/admin/"))
    admin.press("link", "Tenants")
    admin.stop("tenants")
    admin.press("link", "Demo")
    admin.stop("tenant")
    _choose_plan(admin, "Enterprise")
    admin.press("button", "Save and continue editing")
    admin.sees(re.compile("was changed successfully"))
    admin.stop("plan")


def _choose_plan(admin: Walker, plan: str) -> None:
    """The admin's own list with a search in it."""
    box = admin.page.get_by_role("combobox", name="Plan*")
    if isinstance(admin.hand, Keyboard):
        admin.hand.reach(box)
        admin.page.keyboard.press("Enter")
    else:
        box.click()
    admin.page.keyboard.type(plan)
    option = admin.page.get_by_role("option", name=plan)
    expect(option).to_be_visible()
    admin.page.keyboard.press("Enter")


def _suspend(admin: Walker, owner: Walker, scene: Scene) -> None:
    owner.page.goto(scene.up.url())
    admin.press("button", re.compile("^Suspend"))
    admin.write("Reason", REASON)
    admin.stop("suspend")
    admin.press("button", "Suspend")
    admin.sees("Suspended: Demo.")
    owner.sees(re.compile("suspended"))
    owner.page.reload()
    owner.sees(re.compile(REASON))
    owner.stop("suspended")
    admin.press("link", "Demo")
    admin.press("button", "Resume")
    admin.sees("Resumed: Demo.")
    admin.stop("resumed")
    row = owner.page.get_by_role("row", name=re.compile("tea"))
    expect(row).to_contain_text("running", timeout=30_000)
    owner.quiet()
    admin.quiet()
