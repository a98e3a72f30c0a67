"""Publications, tunnels and the guard against the simulated Cloudflare, with an engine that runs nothing."""

from typing import Any

import pytest

from cloudflare.models import Account, Connector, Publication, Tunnel, Zone
from cloudflare.reconcile import documents
from containers import admission, conditions
from containers.engine.memory import MemoryEngine
from containers.models import Condition, Container, Template
from containers.steps import Step
from tenants.models import Membership, Tenant, User
from tenants.refusal import Refused
from tests.conftest import converge, make_tenant
from tests.parts import Cloud

pytestmark = pytest.mark.django_db


@pytest.fixture
def create(owner: User, tenant: Tenant, template: Template, memory: MemoryEngine, zone: Zone) -> Any:
    def made(name: str = "box", of: Tenant = tenant) -> Container:
        return admission.create(actor=owner, tenant=of, template=template, name=name)

    return made


def condition(container: Container, type_: str) -> Condition:
    return Condition.objects.get(container=container, type=type_)


def test_a_hostname_is_published_whole(create: Any, cloud: Cloud, mark: str) -> None:
    container = create()
    converge()
    state = cloud.state()
    (app,) = (app for app in state["apps"].values() if app["fields"]["domain"] == container.hostname)
    assert app["fields"]["name"] == f"warren-{mark} {container.hostname}"
    assert app["fields"]["session_duration"] == "24h"
    assert [policy["fields"]["include"] for policy in app["policies"]] == [[{"email": {"email": "alice@example.com"}}]]
    (record,) = state["records"].values()
    (tunnel,) = state["tunnels"].values()
    assert record["fields"] | {"ttl": 1} == {
        "type": "CNAME",
        "name": container.hostname,
        "content": f"{tunnel['id']}.cfargotunnel.com",
        "proxied": True,
        "comment": f"warren-{mark}",
        "ttl": 1,
    }
    assert tunnel["config"]["ingress"] == [
        {"hostname": container.hostname, "service": f"http://{mark}-box-acme:8080"},
        {"service": "http_status:404"},
    ]
    assert condition(container, "Published").status is True
    assert state["violations"] == []


def test_later_containers_cost_three_writes(create: Any, cloud: Cloud) -> None:
    create("first")
    converge()
    for name in ("second", "third"):
        cloud.control("DELETE", "calls")
        create(name)
        converge()
        assert len(cloud.writes()) == 3
    assert Tunnel.objects.count() == Connector.objects.count() == 1


def test_nothing_is_left_after_the_last_deletion(create: Any, cloud: Cloud, memory: MemoryEngine, owner: User) -> None:
    containers = [create("one"), create("two")]
    converge()
    for container in containers:
        admission.remove(container, actor=owner)
    converge()
    assert cloud.hostnames() == set()
    assert cloud.tunnels() == set()
    assert cloud.applications() == {"*.containers.localhost"}
    assert memory.containers == {}
    assert Publication.objects.filter(gone_at=None).count() == 0
    assert Tunnel.objects.get().secret == ""
    assert cloud.state()["violations"] == []


def test_teardown_ends_with_the_application(create: Any, cloud: Cloud, owner: User) -> None:
    container = create()
    converge()
    cloud.control("DELETE", "calls")
    admission.remove(container, actor=owner)
    converge()
    kinds = [call.split()[0] + " " + call.split("/")[-2] for call in cloud.writes()][:3]
    assert kinds == ["DELETE dns_records", "PUT " + cloud.writes()[1].split("/")[-2], "DELETE apps"]


def test_a_tenant_of_one_account_has_one_tunnel_and_others_their_own(
    create: Any, cloud: Cloud, stranger: User, mark: str
) -> None:
    other = make_tenant("globex", stranger)
    create("a"), create("b"), create("c", other)
    converge()
    assert cloud.tunnels() == {f"warren-{mark}-acme", f"warren-{mark}-globex"}


def test_a_member_who_leaves_leaves_the_policy(create: Any, cloud: Cloud, tenant: Tenant, stranger: User) -> None:
    joined = Membership.objects.create(tenant=tenant, user=stranger)
    container = create()
    converge()
    assert cloud.sign_in("charlie@example.com", container.hostname)
    joined.delete()
    converge()
    assert cloud.sign_in("charlie@example.com", container.hostname) is None
    assert cloud.sign_in("alice@example.com", container.hostname)


def test_a_person_who_is_switched_off_leaves_the_policy(create: Any, cloud: Cloud, owner: User) -> None:
    container = create()
    converge()
    owner.is_active = False
    owner.save()
    converge()
    assert cloud.sign_in(owner.email, container.hostname) is None
    assert cloud.state()["violations"] == []


@pytest.mark.parametrize("guarded", [True, False])
@pytest.mark.parametrize("act", ["create", "delete"])
def test_routable_is_protected_when_any_call_fails_for_good(
    act: str, guarded: bool, create: Any, cloud: Cloud, owner: User, zone: Zone
) -> None:
    """Stop after each call, once and for all, and look at what is open then."""
    if not guarded:
        assert cloud.api("DELETE", f"/accounts/{{account}}/access/apps/{zone.guard_app_id or _guard(cloud)}").ok
    for number in range(12):
        container = create(f"n{number}")
        if act == "delete":
            converge()
            admission.remove(container, actor=owner)
        cloud.fault(kind="status", status=503, skip=number, times=0)
        _pass_once()
        assert cloud.state()["unprotected"] == []
        assert cloud.state()["violations"] == []
        cloud.heal()
        Publication.objects.all().retry()
        Tunnel.objects.all().retry()
        converge()
        assert cloud.state()["violations"] == []


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
    assert condition(container, "Published").reason == "cloudflare_broken"
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
    found = condition(container, "Published")
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
    assert condition(container, "Published").status is True


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
    found = condition(container, "Published")
    assert found.status is None
    assert found.reason == f"{foreign}_taken"
    assert "remove it" in found.message
    state = cloud.state()
    assert any(app["fields"]["name"] == "theirs" for app in state["apps"].values()) == (foreign == "application")
    assert any(row["fields"]["type"] == "A" for row in state["records"].values()) == (foreign == "record")


@pytest.mark.parametrize("limits", [{"max_tunnels": 0}, {"max_apps": 1}, {"record_quota": 0}])
def test_a_full_account_is_told_and_recovers(limits: dict[str, int], create: Any, cloud: Cloud) -> None:
    cloud.control("PATCH", "limits", limits)
    container = create()
    converge()
    assert condition(container, "Published").status is not True
    told = [row.message for row in (*Publication.objects.all(), *Tunnel.objects.all()) if row.message]
    assert any("reached a limit" in text for text in told), told
    cloud.control("PATCH", "limits", {"max_tunnels": 1000, "max_apps": 500, "record_quota": 200})
    Publication.objects.all().retry()
    Tunnel.objects.all().retry()
    converge()
    assert condition(container, "Published").status is True
    assert cloud.state()["violations"] == []


def test_the_guard_is_put_back_and_its_quota_read(cloud: Cloud, zone: Zone, memory: MemoryEngine) -> None:
    assert cloud.applications() == {"*.containers.localhost"}
    cloud.control("PATCH", "limits", {"record_quota": 77})
    assert cloud.api("DELETE", f"/accounts/{{account}}/access/apps/{_guard(cloud)}").ok
    Zone.objects.all().ring()
    converge()
    zone.refresh_from_db()
    assert cloud.applications() == {"*.containers.localhost"}
    assert zone.max_records == 77


def test_conditions_have_no_open_ends(create: Any) -> None:
    container = create()
    converge()
    known = set(Condition.objects.filter(container=container).values_list("type", flat=True))
    assert known == {conditions.RUNNING, "Published", "Connected"}


def test_documents_say_nobody_when_there_is_nobody() -> None:
    from access.rules import Policy

    assert documents.application("x.example", Policy(emails=())).policies == ()


@pytest.mark.parametrize(
    "limits", [{"max_applications": 2}, {"max_tunnels": 1}, {"max_records": 1}, {"enabled": False}]
)
def test_no_creation_is_accepted_that_the_account_has_no_room_for(
    limits: dict[str, Any], create: Any, zone: Zone, stranger: User
) -> None:
    """Counted from our rows, so that nobody waits for a container that Cloudflare is going to refuse."""
    create("first")
    if "max_records" in limits:
        Zone.objects.update(**limits)
    else:
        Account.objects.update(**limits)
    other = make_tenant("globex", stranger)
    with pytest.raises(Refused) as refused:
        create("second", other)
    assert refused.value.code == ("no_domain" if "enabled" in limits else "cloudflare_full")
    assert refused.value.status == 503
    assert Container.objects.count() == 1
