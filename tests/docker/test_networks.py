"""Networks are laid where this host goes nowhere yet."""

import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from ipaddress import IPv4Network
from pathlib import Path

import pytest

from containers import networks
from containers.engine.base import SubnetTaken
from containers.errors import Terminal
from containers.models import Network, NetworkKind
from containers.routes import networks as known
from tenants.models import Tenant, User
from tests.conftest import make_tenant

pytestmark = pytest.mark.django_db


@pytest.fixture
def route() -> Iterator[Callable[[str], None]]:
    """Adds a route to this host, as a VPN or a forgotten bridge would."""
    added: list[str] = []

    def add(network: str) -> None:
        subprocess.run(["ip", "route", "add", "unreachable", network], check=True)
        added.append(network)

    yield add
    for network in added:
        subprocess.run(["ip", "route", "del", "unreachable", network], check=True)


def test_no_network_lies_over_a_route_of_the_host(
    settings, tenant: Tenant, stranger: User, route: Callable[[str], None]
) -> None:
    settings.NETWORK_POOL = "10.189.4.0/23"
    route("10.189.4.128/25")
    assert networks.reserve(tenant, NetworkKind.TENANT).subnet == "10.189.5.0/24"
    with pytest.raises(SubnetTaken, match="NETWORK_POOL"):
        networks.reserve(make_tenant("globex", stranger), NetworkKind.TENANT)


def test_a_vpn_that_takes_everything_leaves_room(tmp_path: Path) -> None:
    def line(destination: str, mask: str) -> str:
        shown = [f"{int.from_bytes(socket.inet_aton(text), sys.byteorder):08X}" for text in (destination, mask)]
        return f"tun0\t{shown[0]}\t00000000\t0001\t0\t0\t0\t{shown[1]}\t0\t0\t0\n"

    table = tmp_path / "route"
    routes = ("0.0.0.0", "0.0.0.0"), ("0.0.0.0", "128.0.0.0"), ("128.0.0.0", "128.0.0.0"), ("10.8.4.0", "255.255.254.0")
    table.write_text("Iface\tDestination\n" + "".join(line(*route) for route in routes))
    assert known(table) == [IPv4Network("10.8.4.0/23")]
    assert known(tmp_path / "of another kind of host") == []


def test_a_subnet_that_two_networks_hold_is_for_a_person_to_settle(
    settings, tenant: Tenant, stranger: User, docker_mark: str
) -> None:
    settings.NETWORK_POOL = "10.189.8.0/23"
    theirs = networks.ensure(tenant, NetworkKind.TENANT)
    Network.objects.filter(pk=theirs.pk).update(subnet="10.189.9.0/24", engine_id="")  # as if rows were restored
    mine = networks.reserve(make_tenant("globex", stranger), NetworkKind.TENANT)
    assert mine.subnet == theirs.subnet
    Network.objects.filter(pk=mine.pk).update(subnet="10.189.8.0/24", engine_id="made meanwhile")
    with pytest.raises(Terminal, match=f"docker network rm {theirs.engine_name}"):
        networks.ensure(tenant, NetworkKind.TENANT)
