"""What happens when a call fails, differs, was made before, or meets somebody else's."""

from typing import Any

import pytest

from cloudflare.models import Publication, Tunnel, Zone
from containers import admission, conditions
from containers.engine.memory import MemoryEngine
from containers.models import Container
from containers.steps import Step
from tenants.models import User
from tests.conftest import converge
from tests.parts import Cloud

pytestmark = pytest.mark.django_db


# With the guard in place, less can be open: that it is no hindrance is seen once.
@pytest.mark.parametrize(
    ("act", "guarded"), [("create", True), ("create", False), ("rename", False), ("delete", False)]
)
def test_routable_is_protected_when_any_call_fails_for_good(
    act: str, guarded: bool, create: Any, cloud: Cloud, owner: User, zone: Zone, settings
) -> None:
    """Stop after each call, once and for all, and look at what is open then."""
    settings.RENAME_OVERLAP_SECONDS = 0
    if not guarded:
        assert cloud.api("DELETE", f"/accounts/{{account}}/access/apps/{zone.guard_app_id or _guard(cloud)}").ok
    for number in range(12):
        container = create(f"n{number}")
        if act != "create":
            converge()
        if act == "rename":
            admission.rename(container, actor=owner, name=f"m{number}")
        if act == "delete":
            admission.remove(container, actor=owner)
        cloud.fault(kind="status", status=503, skip=number, times=0)
        for _ in range(4 if act == "rename" else 1):  # in one go: application and ingress; record; the way back
            _pass_once()
        assert cloud.state()["unprotected"] == []
        assert cloud.state()["violations"] == []
        cloud.heal()
        Publication.objects.all().retry()
        Tunnel.objects.all().retry()
        converge()
        assert cloud.state()["violations"] == []
        if act == "rename":
            names = {f"m{so_far}-acme.containers.localhost" for so_far in range(number + 1)}
            assert cloud.hostnames() == cloud.applications() - {"*.containers.localhost"} == names


def _guard(cloud: Cloud) -> str:
    return next(key for key, app in cloud.state()["apps"].items() if app["fields"]["domain"].startswith("*."))


def _pass_once() -> None:
    from containers import loop

    for controller in loop.controllers():
        for pk in controller.due():
            loop.run(controller.name, pk)


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("access/apps", {"access": "failed", "tunnel": "pending", "dns": "pending"}),
        ("configurations", {"access": "done", "tunnel": "failed", "dns": "pending"}),
        ("dns_records", {"access": "done", "tunnel": "done", "dns": "failed"}),
    ],
)
def test_a_failure_stands_on_its_own_step(
    path: str, wanted: dict[str, str], create: Any, cloud: Cloud, owner: User
) -> None:
    def steps() -> dict[str, Step]:
        return {step.name: step for step in Container.objects.get(pk=container.pk).steps}

    cloud.fault(kind="status", method="POST|PUT", path=path, status=503)
    container = create()
    for _ in range(4):  # application, tunnel, ingress, record
        _pass_once()
    failed = steps()
    assert {name: str(failed[name].state) for name in wanted} == wanted
    assert conditions.of(container, "Published").reason == "cloudflare_broken"
    cloud.heal()
    Tunnel.objects.all().retry()
    admission.retry(container, actor=owner)
    converge()
    now = steps()
    assert {now[name].state for name in wanted} == {"done"}
    assert all(now[name] == failed[name] for name in wanted if wanted[name] == "done"), "done once, done"


def test_an_answer_that_differs_is_not_taken(create: Any, cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cloudflare holds another policy than was written: nothing is routed then."""
    from cloudflare.client import resources

    original = resources.Apps.create
    monkeypatch.setattr(resources.Apps, "create", lambda self, spec: _without_policies(original(self, spec)))
    monkeypatch.setattr(resources.Apps, "replace", lambda self, app_id, spec: _without_policies(self.get(app_id)))
    container = create()
    _pass_once()
    _pass_once()
    assert cloud.hostnames() == set()
    found = conditions.of(container, "Published")
    assert (found.status, found.reason) == (None, "access_differs")


def _without_policies(app: Any) -> Any:
    import dataclasses

    return dataclasses.replace(app, policies=())


def test_what_an_earlier_pass_left_is_adopted(create: Any, cloud: Cloud, mark: str) -> None:
    """Everything of our name is there already, made by a pass whose answers were lost."""
    container = create()
    for path in ("access/apps", "cfd_tunnel", "dns_records"):
        cloud.fault(kind="lost", method="POST", path=path, times=1)
    for _ in range(4):
        _pass_once()
        Publication.objects.all().ring()
        Tunnel.objects.all().ring()
    converge()
    state = cloud.state()
    assert len(state["records"]) == 1
    assert cloud.applications() == {"*.containers.localhost", container.hostname}
    assert len([row for row in state["tunnels"].values() if row["deleted_at"] is None]) == 1
    assert Tunnel.objects.get().token == _real_token(cloud)
    assert conditions.of(container, "Published").status is True


def _real_token(cloud: Cloud) -> str:
    tunnel = Tunnel.objects.get()
    answer = cloud.api("GET", f"/accounts/{{account}}/cfd_tunnel/{tunnel.tunnel_id}/token")
    return str(answer.json()["result"])


@pytest.mark.parametrize("foreign", ["application", "record"])
def test_somebody_elses_is_never_taken_over(foreign: str, create: Any, cloud: Cloud) -> None:
    host = "box-acme.containers.localhost"
    if foreign == "application":
        body: dict[str, Any] = {"type": "self_hosted", "name": "theirs", "domain": host}
        assert cloud.api("POST", "/accounts/{account}/access/apps", json=body).ok
    else:
        body = {"type": "A", "name": host, "content": "192.0.2.1", "proxied": True}
        assert cloud.api("POST", "/zones/{zone}/dns_records", json=body).ok
    container = create()
    converge()
    found = conditions.of(container, "Published")
    assert found.status is None
    assert found.reason == f"{foreign}_taken"
    assert "remove it" in found.message
    state = cloud.state()
    assert any(app["fields"]["name"] == "theirs" for app in state["apps"].values()) == (foreign == "application")
    assert any(row["fields"]["type"] == "A" for row in state["records"].values()) == (foreign == "record")


def test_the_guard_is_put_back_and_its_quota_read(cloud: Cloud, zone: Zone, memory: MemoryEngine) -> None:
    assert cloud.applications() == {"*.containers.localhost"}
    cloud.control("PATCH", "limits", {"record_quota": 77})
    assert cloud.api("DELETE", f"/accounts/{{account}}/access/apps/{_guard(cloud)}").ok
    Zone.objects.all().ring()
    converge()
    zone.refresh_from_db()
    assert cloud.applications() == {"*.containers.localhost"}
    assert zone.max_records == 77


def test_a_guard_that_is_not_ours_is_left_as_it_is(cloud: Cloud, zone: Zone, memory: MemoryEngine) -> None:
    """Also where ours stood before it: somebody took that away and put theirs there."""
    assert cloud.api("DELETE", f"/accounts/{{account}}/access/apps/{_guard(cloud)}").ok
    body = {"type": "self_hosted", "name": "theirs", "domain": "*.containers.localhost"}
    assert cloud.api("POST", "/accounts/{account}/access/apps", json=body).ok
    Zone.objects.all().ring()
    converge()
    zone.refresh_from_db()
    assert zone.code == "guard_taken"
    (app,) = cloud.state()["apps"].values()
    assert app["fields"]["name"] == "theirs"


def test_a_budget_that_is_used_up_is_no_refusal(create: Any, cloud: Cloud, settings) -> None:
    container = create()
    settings.CLOUDFLARE_RATE = "1/300"
    _pass_once()
    found = conditions.of(container, "Published")
    assert found.reason == "cloudflare_paced"
    assert "goes on by itself" in found.message
