"""Subnets are reserved by many at once, beside networks of the engine that are not Warren's."""

import pytest

from containers import networks
from containers.engine.base import NetworkSpec
from containers.engine.memory import MemoryEngine
from containers.models import Network, NetworkKind
from tenants.models import Tenant, User
from tests.conftest import make_tenant

pytestmark = pytest.mark.django_db


def test_two_networks_that_have_to_move_at_once_both_find_a_place(
    tenant: Tenant, stranger: User, memory: MemoryEngine, settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.NETWORK_POOL = "10.189.16.0/22"
    theirs = make_tenant("globex", stranger)
    memory.networks["foreign"] = NetworkSpec("foreign", "br0", "10.189.16.0/24", {})
    choose = networks._free

    def choose_slowly(avoid: list[str] | None = None) -> str:
        chosen = choose(avoid)
        if avoid and not Network.objects.filter(tenant=theirs).exists():
            Network.objects.create(tenant=theirs, kind=NetworkKind.TENANT, subnet=chosen)
        return chosen

    monkeypatch.setattr(networks, "_free", choose_slowly)
    assert networks.ensure(tenant, NetworkKind.TENANT).subnet == "10.189.18.0/24"
