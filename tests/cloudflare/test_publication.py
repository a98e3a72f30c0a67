"""Publications, tunnels and the guard against the simulated Cloudflare, with an engine that runs nothing."""

from typing import Any

import pytest

from cloudflare.models import Account, Connector, Publication, Tunnel, Zone
from cloudflare.reconcile import documents, names
from containers import admission, conditions, doorbell
from containers.engine.memory import MemoryEngine
from containers.models import Condition, Container
from containers.tasks import answer
from tenants.models import Membership, Tenant, User
from tenants.refusal import Refused
from tests.cloudflare.conftest import admits
from tests.conftest import converge, make_tenant
from tests.parts import Cloud

pytestmark = pytest.mark.django_db


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
        {"hostname": container.hostname, "service": f"http://{container.engine_name}:8080"},
        {"service": "http_status:404"},
    ]
    assert conditions.of(container, "Published").status is True
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


@pytest.mark.parametrize("limits", [{"max_tunnels": 0}, {"max_apps": 1}, {"record_quota": 0}])
def test_a_full_account_is_told_and_recovers(limits: dict[str, int], create: Any, cloud: Cloud) -> None:
    cloud.control("PATCH", "limits", limits)
    container = create()
    converge()
    assert conditions.of(container, "Published").status is not True
    told = [row.message for row in (*Publication.objects.all(), *Tunnel.objects.all()) if row.message]
    assert any("reached a limit" in text for text in told), told
    cloud.control("PATCH", "limits", {"max_tunnels": 1000, "max_apps": 500, "record_quota": 200})
    Publication.objects.all().retry()
    Tunnel.objects.all().retry()
    converge()
    assert conditions.of(container, "Published").status is True
    assert cloud.state()["violations"] == []


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


def test_what_lets_people_in_never_waits_for_the_engine(
    create: Any, memory: MemoryEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its worker publishes the whole hostname; the connector, which the engine starts, is left to the other one."""
    sent: list[tuple[str, Any]] = []
    monkeypatch.setattr(doorbell, "send", lambda task, pk: sent.append((task, pk)))
    row = Publication.objects.get(container=create())
    answer(names.PUBLICATION, row.pk)
    first = Connector.objects.get().pk
    assert sent == [(names.CONNECTOR, first), (names.TUNNEL, row.tunnel_id)], "once more, after others had their turn"
    answer(*sent.pop())
    row.refresh_from_db()
    assert row.record_id, "tunnel and publication in one go"
    Connector.objects.all().delete()
    Tunnel.objects.ring()
    answer(names.TUNNEL, row.tunnel_id)
    assert sent == [(names.CONNECTOR, first), (names.CONNECTOR, Connector.objects.get().pk)]
    assert memory.containers == {}


def test_sessions_last_as_long_as_the_setting_says(create: Any, cloud: Cloud, settings: Any) -> None:
    """Cloudflare gives a policy that names no duration its own default, which counts before the application's."""
    settings.ACCESS_SESSION_DURATION = "1h"
    host = create().hostname
    converge()
    assert cloud.state()["routable"] == [host]
    cookie = cloud.sign_in("alice@example.com", host)
    assert admits(cloud, host, cookie)
    cloud.control("POST", "clock", {"seconds": 3700})
    assert not admits(cloud, host, cookie)
