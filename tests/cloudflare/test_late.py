"""Connectors that no row knows, and those that could be taken for one another."""

from dataclasses import replace
from typing import Any

import pytest

from cloudflare.models import Account, Connector, Tunnel, Zone
from cloudflare.reconcile import connector
from containers import admission, survey
from containers.engine.base import EngineError
from containers.engine.memory import MemoryEngine
from containers.lease import Lease
from containers.models import Container, Network
from tenants.models import User
from tests.conftest import converge

pytestmark = pytest.mark.django_db


@pytest.fixture
def late(box: Container, memory: MemoryEngine) -> str:
    """Made of an earlier tunnel of the tenant, after its row was forgotten; its name."""
    now = connector.load(Connector.objects.get().pk)
    assert now
    forgotten = Connector(tunnel=now.tunnel, for_tunnel_id="0b1d2c3d-gone", serial=now.serial)
    memory.create(replace(connector._spec(now), name=forgotten.engine_name))
    memory.start(forgotten.engine_name)
    return forgotten.engine_name


def test_one_that_was_made_too_late_goes_and_nothing_else(
    box: Container, memory: MemoryEngine, late: str, caplog: pytest.LogCaptureFixture
) -> None:
    survey.engine_differences()
    assert set(memory.containers) == {box.engine_name, Connector.objects.get().engine_name}
    assert late in caplog.text
    caplog.clear()
    survey.engine_differences()
    assert not caplog.text


@pytest.mark.parametrize("meddled", [{"paused": True}, {"networks": frozenset()}, {"state": "exited"}])
def test_one_that_somebody_meddled_with_is_replaced(
    box: Container, memory: MemoryEngine, meddled: dict[str, Any]
) -> None:
    name = Connector.objects.get().engine_name
    before = memory.containers[name]
    memory.containers[name] = replace(before, **meddled)
    survey.engine_differences()
    converge()
    now = memory.containers[name]
    assert now.id != before.id
    assert (now.state, now.paused, now.networks) == ("running", False, before.networks)
    survey.engine_differences()
    converge()
    assert memory.containers[name].id == now.id


def test_the_network_that_it_held_goes_after_it(box: Container, memory: MemoryEngine, late: str, owner: User) -> None:
    admission.remove(box, actor=owner)
    converge()
    held = Network.objects.get(tenant=box.tenant)
    assert held.engine_name in memory.networks
    survey.engine_differences()
    converge()
    assert Network.objects.get(tenant=box.tenant).engine_id == ""
    assert held.engine_name not in memory.networks


def test_an_engine_that_does_not_take_it_away_hides_no_difference(
    box: Container, memory: MemoryEngine, late: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    memory.stop(box.engine_name, 0)

    def refuse(name: str) -> None:
        raise EngineError("It is busy.")

    with monkeypatch.context() as busy:
        busy.setattr(memory, "remove", refuse)
        assert survey.engine_differences() == [box.pk]
    assert "It is busy." in caplog.text
    survey.engine_differences()
    assert memory.inspect(late) is None


def test_a_tenant_has_a_connector_in_each_of_its_accounts(box: Container, memory: MemoryEngine, zone: Zone) -> None:
    second = Account.objects.create(name="Second", account_id="2" * 32, api_token="another")
    tunnel = Tunnel.objects.create(
        tenant=box.tenant, account=second, tunnel_id="22222222-2222-4222-8222-222222222222", secret=Tunnel.new_secret()
    )
    row = tunnel.connectors.create(for_tunnel_id=tunnel.tunnel_id)
    first = Connector.objects.exclude(pk=row.pk).get()
    assert first.serial == row.serial
    lease = Lease.take(Connector, row.pk)
    assert lease
    loaded = connector.load(row.pk)
    assert loaded
    assert connector._run(loaded, lease)
    running = {name for name, seen in memory.containers.items() if seen.running}
    assert {first.engine_name, row.engine_name} < running
