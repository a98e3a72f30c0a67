"""What runs in a container of one tenant reaches nobody and harms nobody, however it tries."""

import fcntl
import ipaddress
import json
import secrets
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import docker
import pytest

from cloudflare.models import Connector
from containers import admission, firewall, survey
from containers.models import Container, ContainerStatus, EngineState, Template
from monitoring.sources.cgroups import Cgroups
from tenants.models import Plan, Tenant, User
from tests.conftest import converge, make_tenant
from tests.installation import prepare
from tests.parts import Cloud, slowness, wait_until

pytestmark = pytest.mark.django_db
BUSYBOX = "/bin/busybox"
MIB = 1024**2


@dataclass
class Box:
    """A running container, seen from within."""

    row: Container

    @property
    def facts(self) -> Any:
        return docker.from_env().containers.get(self.row.engine_name).attrs

    def address(self, network: str = "") -> str:
        networks = self.facts["NetworkSettings"]["Networks"]
        return str((networks[network] if network else next(iter(networks.values())))["IPAddress"])

    def run(self, *command: str) -> tuple[int, str]:
        done = docker.from_env().containers.get(self.row.engine_name).exec_run([BUSYBOX, *command])
        return done.exit_code, done.output.decode(errors="replace")

    def reached(self, targets: Iterable[tuple[str, int]]) -> list[str]:
        """Those to which a TCP connection comes about within two seconds; as many at once as it may have processes."""
        tries = [
            f"({BUSYBOX} nc -w 2 {host} {port} </dev/null >/dev/null 2>&1 && echo '{host} {port}') &"
            for host, port in targets
        ]
        found: list[str] = []
        for start in range(0, len(tries), 80):
            script = "\n".join([*tries[start : start + 80], "wait"])
            found += self.run("timeout", "8", BUSYBOX, "sh", "-c", script)[1].splitlines()
        return sorted(found)

    def reaches(self, host: str, port: int) -> bool:
        return bool(self.reached([(host, port)]))

    def resolves(self, name: str) -> bool:
        return self.run("timeout", "5", BUSYBOX, "nslookup", name)[0] == 0


@pytest.fixture
def box(db, cloud: Cloud, docker_mark: str, settings) -> Callable[..., Box]:
    prepare(cloud, settings)

    def made(owner: User, tenant: Tenant, name: str = "box", memory: int = 64 * MIB) -> Box:
        template = Template.objects.get(slug="echo")
        row = admission.create(actor=owner, tenant=tenant, template=template, name=name, memory=memory, cpu=500)
        converge()
        found = Box(row)
        if ContainerStatus.objects.get(container=row).state == EngineState.RUNNING:
            wait_until(lambda: found.reaches("127.0.0.1", 8080))  # it listens: who can't reach it is kept from it
        return found

    return made


@pytest.fixture
def listener() -> Iterator[int]:
    """Something of the host's that listens everywhere, on both protocols."""
    with socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True) as server:
        server.listen(50)
        yield server.getsockname()[1]


def _host_addresses() -> list[str]:
    """Every address that this host answers at, loopback aside; IPv6 link-local ones with the container's interface."""
    found = []
    for link in json.loads(subprocess.run(["ip", "-j", "addr"], capture_output=True, check=True).stdout):
        for row in link["addr_info"]:
            address = ipaddress.ip_address(row["local"])
            if not address.is_loopback:
                found.append(f"{address}%eth0" if address.is_link_local and address.version == 6 else str(address))
    return sorted(set(found))


def test_tenants_cannot_meet(
    box: Callable[..., Box], owner: User, stranger: User, tenant: Tenant, listener: int, docker_mark: str
) -> None:
    mine, theirs = box(owner, tenant), box(stranger, make_tenant("globex", stranger))
    ours = box(owner, tenant, "second")
    assert all(mine.reaches(one, 8080) for one in ("second", ours.address())), "containers of one tenant may meet"
    assert not mine.reaches(theirs.address(), 8080)
    connector = docker.from_env().containers.get(Connector.objects.get(tunnel__tenant__slug="globex").engine_name).attrs
    names = [theirs.row.engine_name, connector["Name"][1:], "box-globex", theirs.facts["Id"][:12]]
    assert [name for name in names if mine.resolves(name)] == []
    for network in connector["NetworkSettings"]["Networks"].values():
        assert mine.run("ping", "-c", "1", "-W", "1", network["IPAddress"])[0] != 0
        assert not mine.reaches(network["IPAddress"], 2000)


def test_nothing_of_the_host_is_reached(
    box: Callable[..., Box], owner: User, tenant: Tenant, listener: int, cloud: Cloud
) -> None:
    mine = box(owner, tenant)
    addresses = _host_addresses()
    subnet = ipaddress.IPv4Network(f"{mine.address()}/24", strict=False)
    gateway = str(next(subnet.hosts()))
    assert len(addresses) > 3
    ports = (listener, int(cloud.edge_port), int(cloud.tunnel_port))
    assert mine.reached((host, port) for host in {*addresses, gateway} for port in ports) == []


def _met_its_limit(container_id: str) -> bool:
    """Whether the kernel has refused it a process: `max` in its `pids.events`, in both hierarchies."""
    events = (Cgroups()._folder("pids", container_id) / "pids.events").read_text().split()
    return int(events[events.index("max") + 1]) > 0


def test_a_fork_bomb_and_a_gigabyte_hit_their_own_limits(
    box: Callable[..., Box], owner: User, stranger: User, tenant: Tenant, cloud: Cloud
) -> None:
    mine = box(owner, tenant, memory=256 * MIB)
    theirs = box(stranger, make_tenant("globex", stranger))
    code, _ = mine.run("dd", "if=/dev/zero", "of=/dev/null", "bs=1G", "count=1")
    assert code != 0
    assert mine.facts["State"]["Running"]
    bomb = docker.from_env().containers.get(mine.row.engine_name)
    bomb.exec_run([BUSYBOX, "sh", "-c", f"while :; do {BUSYBOX} sleep 60 & done"], detach=True)
    bomb.exec_run([BUSYBOX, "sh", "-c", "f() { f | f & f; }; f"], detach=True)
    # A shell that can't fork gives up: how many there are at a moment says little, that the limit was met says it.
    wait_until(lambda: _met_its_limit(mine.facts["Id"]), 60)
    cookie = cloud.sign_in("charlie@example.com", theirs.row.hostname)
    began = time.monotonic()
    assert cloud.visit(theirs.row.hostname, "/", cookie).status_code == 200
    subprocess.run(["true"], check=True)
    assert time.monotonic() - began < 5 * slowness()
    assert int(bomb.stats(stream=False)["pids_stats"]["current"]) <= 256
    admission.remove(mine.row, actor=owner)
    converge()
    assert cloud.visit(theirs.row.hostname, "/", cookie).status_code == 200


def test_no_privilege_is_left_to_try(box: Callable[..., Box], owner: User, tenant: Tenant) -> None:
    mine = box(owner, tenant)
    inside = docker.from_env().containers.get(mine.row.engine_name)
    attempts = [
        "mount -t tmpfs none /tmp",
        "mknod /tmp/disk b 8 0",
        "ip link add dummy0 type dummy",
        "ip addr add 192.0.2.9/24 dev eth0",
        "chroot / true && dmesg",
        "sh -c 'echo 0 >/proc/sys/net/ipv6/conf/all/disable_ipv6'",
        "sh -c 'echo c >/proc/sysrq-trigger'",
        "ls /var/run/docker.sock",
        "hostname changed",
    ]
    # As root within, which is more than the image's own user is given.
    done = [
        attempt
        for attempt in attempts
        if inside.exec_run([BUSYBOX, "sh", "-c", f"{BUSYBOX} {attempt}"], user="0:0").exit_code == 0
    ]
    assert done == []


@dataclass
class Internet:
    """Hosts beyond this one: a public address, a private one and the cloud's metadata; each serves port 80."""

    public: str = "198.51.100.2"
    private: str = "192.168.77.2"
    metadata: str = "169.254.169.254"


@pytest.fixture
def internet() -> Iterator[Internet]:
    """A network namespace behind a pair of links stands for everything outside."""
    name, found = f"wt{secrets.token_hex(2)}", Internet()
    lock = open(f"{tempfile.gettempdir()}/warren-test-internet.lock", "w")  # noqa: SIM115  (held to the end)
    fcntl.flock(lock, fcntl.LOCK_EX)  # the addresses exist once on this machine

    def ip(*words: str) -> None:
        subprocess.run(["ip", *words], check=True, capture_output=True)

    with ExitStack() as stack:
        ip("netns", "add", name)
        stack.callback(ip, "netns", "del", name)
        ip("link", "add", f"{name}h", "type", "veth", "peer", "name", f"{name}n")
        stack.callback(subprocess.run, ["ip", "link", "del", f"{name}h"], capture_output=True, check=False)
        ip("link", "set", f"{name}n", "netns", name)
        for address, host in ((found.public, "198.51.100.1"), (found.private, "192.168.77.1")):
            ip("addr", "add", f"{host}/24", "dev", f"{name}h")
            ip("-n", name, "addr", "add", f"{address}/24", "dev", f"{name}n")
        ip("-n", name, "addr", "add", f"{found.metadata}/32", "dev", f"{name}n")
        for words in (("link", "set", f"{name}h", "up"), ("-n", name, "link", "set", f"{name}n", "up")):
            ip(*words)
        ip("-n", name, "link", "set", "lo", "up")
        ip("-n", name, "route", "add", "default", "via", "198.51.100.1")
        ip("route", "add", found.metadata, "dev", f"{name}h")
        server = subprocess.Popen(["ip", "netns", "exec", name, "busybox", "nc", "-ll", "-p", "80", "-e", "/bin/true"])
        stack.callback(server.wait)
        stack.callback(server.kill)
        yield found
    lock.close()


@pytest.fixture
def rules(docker_mark: str) -> Iterator[None]:
    yield
    for command in firewall.commands():
        subprocess.run(command.replace(" -I ", " -D "), shell=True, check=False, capture_output=True)


def test_internet_is_the_internet_and_nothing_else(
    box: Callable[..., Box],
    owner: User,
    stranger: User,
    tenant: Tenant,
    internet: Internet,
    listener: int,
    rules: None,
    docker_mark: str,
) -> None:
    Plan.objects.update(internet=True)
    mine, theirs = box(owner, tenant), box(stranger, make_tenant("globex", stranger))
    assert mine.reaches(internet.public, 80)
    assert not mine.reaches(internet.private, 80)
    assert not mine.reaches(internet.metadata, 80)
    assert mine.reached((host, listener) for host in _host_addresses()) == []
    gateways = [
        network["Gateway"] for network in mine.facts["NetworkSettings"]["Networks"].values() if network["Gateway"]
    ]
    assert mine.reached((gateway, listener) for gateway in gateways) == []
    where = {name: row["IPAddress"] for name, row in theirs.facts["NetworkSettings"]["Networks"].items()}
    ours = {name: row["IPAddress"] for name, row in mine.facts["NetworkSettings"]["Networks"].items()}
    assert mine.reached((address, 8080) for address in where.values()) == [], (ours, where)
    assert mine.reaches(internet.public, 80), "and the internet is still there"


def test_no_connection_slips_through_while_networks_come_and_go(
    box: Callable[..., Box], owner: User, tenant: Tenant, internet: Internet, rules: None, docker_mark: str
) -> None:
    """The engine rearranges its own chains each time; whoever wants through would only have to keep trying."""
    Plan.objects.update(internet=True)
    mine = box(owner, tenant)
    attempt = f"{BUSYBOX} nc -w 1 {internet.private} 80 </dev/null >/dev/null 2>&1 && echo reached"
    script = "\n".join([f"(while :; do {attempt}; done) &"] * 100 + ["wait"])
    inside = docker.from_env().api
    started = inside.exec_create(mine.row.engine_name, [BUSYBOX, "timeout", "8", BUSYBOX, "sh", "-c", script])["Id"]
    output = inside.exec_start(started, stream=True)
    client, deadline = docker.from_env(), time.monotonic() + 8
    while time.monotonic() < deadline:
        client.networks.create(f"{docker_mark}-passing", labels={"warren.installation": docker_mark}).remove()
    assert b"".join(output) == b""


def test_rules_that_were_taken_away_come_back(
    box: Callable[..., Box], owner: User, tenant: Tenant, internet: Internet, rules: None
) -> None:
    """A reboot or a firewall's reload takes them away under running containers; the survey puts them back."""
    Plan.objects.update(internet=True)
    mine = box(owner, tenant)
    for command in firewall.commands():
        subprocess.run(command.replace(" -I ", " -D "), shell=True, check=True)
    assert mine.reaches(internet.private, 80), "without the rules it is open: so it is they that close it"
    survey.engine_differences()
    assert not mine.reaches(internet.private, 80)
    assert mine.reaches(internet.public, 80)


def test_internet_without_a_firewall_is_refused(
    box: Callable[..., Box], owner: User, tenant: Tenant, monkeypatch: pytest.MonkeyPatch, docker_mark: str
) -> None:
    """As for a worker that may not run iptables: nothing starts, and the operator is told what to run."""
    monkeypatch.setenv("PATH", "/nowhere")
    Plan.objects.update(internet=True)
    mine = box(owner, tenant)
    mine.row.status.refresh_from_db()
    assert mine.row.status.code == "internet_unprotected"
    assert "iptables -t mangle -I FORWARD" in mine.row.status.message
    assert mine.row.status.state == "absent"
