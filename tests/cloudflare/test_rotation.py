"""A tunnel's secret is changed: with no moment without a connector, and so that the earlier token opens nothing."""

import contextlib
import datetime
from typing import Any

import pytest
from django.utils import timezone

from cloudflare.models import Connector, Tunnel
from cloudflare.reconcile import rotation
from containers.engine.memory import MemoryEngine
from containers.models import Container
from tenants.models import AuditEvent
from tests.cloudflare.connecting import Link, connector
from tests.conftest import converge
from tests.parts import Cloud, wait_until

pytestmark = pytest.mark.django_db


def look() -> None:
    Connector.objects.all().ring()
    Tunnel.objects.all().ring()
    converge()


def grow_old(days: float = 91) -> None:
    Tunnel.objects.update(secret_at=timezone.now() - datetime.timedelta(days=days))


def ids(cloud: Cloud) -> set[str]:
    (tunnel,) = cloud.state()["tunnels"].values()
    return {row["id"] for row in tunnel["connectors"]}


def taken(link: Link) -> Link:
    link()
    return link


def test_a_new_token_takes_over_and_the_earlier_one_opens_nothing(
    box: Container, cloud: Cloud, memory: MemoryEngine
) -> None:
    old, first = Tunnel.objects.get().token, Connector.objects.get()
    with connector(cloud, old) as ours, connector(cloud, old) as thief:
        taken(ours), taken(thief)
        look()
        assert Tunnel.objects.get().token == old, "not yet"
        grow_old()
        look()
        fresh = Tunnel.objects.get().token
        assert fresh != old
        assert Connector.objects.filter(wanted=True).count() == 2, "the first one serves until the second does"
        assert ids(cloud) == {ours.id, thief.id}
        assert Tunnel.objects.get().connected_at
        with connector(cloud, old) as late, connector(cloud, fresh) as second:
            taken(second)
            assert not late.connected()
            look()
            wait_until(lambda: ids(cloud) == {second.id})
            (left,) = Connector.objects.all()
            assert left.serial == first.serial + 1
            assert first.engine_name not in memory.containers
            row = Tunnel.objects.get()
            assert (row.outdated, row.next_secret, row.token) == ([], "", fresh)
            writes = len(cloud.writes())
            look()
            assert len(cloud.writes()) == writes, "and it stays so"
    assert AuditEvent.objects.filter(action="tunnel:rotate").count() == 1


class Killed(BaseException):
    """As a process that ends: nothing catches it, and nothing is written down any more."""


@pytest.mark.parametrize("where", ["rotate", "connectors"])
def test_killed_half_way_the_next_pass_goes_on_with_the_same_secret(
    box: Container, cloud: Cloud, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    with connector(cloud, Tunnel.objects.get().token) as ours:
        taken(ours)
        look()
        grow_old()
        with monkeypatch.context() as patch:
            call = rotation.translated

            def killed(doing: str) -> Any:
                if doing == "Change of the tunnel's secret" and where == "rotate":
                    raise Killed
                return call(doing)

            patch.setattr(rotation, "translated", killed)
            if where == "connectors":
                cloud.fault(kind="status", status=500, method="GET", path="/connections$")
            with contextlib.suppress(Killed):
                look()
        noted = Tunnel.objects.get().next_secret
        assert noted
        cloud.heal()
        past = timezone.now() - datetime.timedelta(seconds=1)
        Tunnel.objects.update(lease_until=past)
        Tunnel.objects.all().retry()
        Connector.objects.all().retry()
        converge()
        row = Tunnel.objects.get()
        assert (row.secret, row.next_secret) == (noted, "")
        assert Connector.objects.filter(wanted=True).count() == 2


def test_never_where_the_setting_says_so_but_when_somebody_asks(box: Container, cloud: Cloud, settings: Any) -> None:
    settings.TUNNEL_SECRET_DAYS = 0
    old = Tunnel.objects.get().token
    with connector(cloud, old) as ours:
        taken(ours)
        look()
        grow_old(4000)
        look()
        assert Tunnel.objects.get().token == old
        Tunnel.objects.update(secret_at=rotation.ASKED)
        look()
        assert Tunnel.objects.get().token != old
