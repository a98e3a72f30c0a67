"""The host's firewall around the bridges of containers that may reach the internet: the internet, and nothing else.

On such a bridge the host has an address, and forwards: so new connections from it to the host itself, to private
ranges and to link-local ones (cloud metadata) are dropped, while answers to connections from outside still pass.
The rules match the bridges' common name prefix, so one set serves every tenant.

They stand in the mangle table, which nobody else tidies. Docker takes the jump to its DOCKER-USER chain out and puts
it back whenever a network is made: rules in that chain leave a connection through now and then.
"""

import shlex
import subprocess
from pathlib import Path

from django.conf import settings

from containers.errors import Terminal
from containers.models import Network, NetworkKind

PRIVATE = "10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,169.254.0.0/16,100.64.0.0/10"


def _rules() -> list[tuple[str, list[str]]]:
    """Chain of the mangle table, and rule."""
    bridges = f"{Network.bridge_prefix(NetworkKind.INTERNET)}+"
    new = [
        "-m",
        "conntrack",
        "--ctstate",
        "NEW,INVALID",
        "-m",
        "comment",
        "--comment",
        f"warren-{settings.INSTALLATION}",
    ]
    chunks = PRIVATE.split(",")
    return [
        ("INPUT", ["-i", bridges, *new, "-j", "DROP"]),
        *(("FORWARD", ["-i", bridges, "-d", chunk, *new, "-j", "DROP"]) for chunk in chunks),
    ]


def commands() -> list[str]:
    """What an operator runs, as root, where Warren may not."""
    return [shlex.join(["iptables", "-t", "mangle", "-I", chain, *rule]) for chain, rule in _rules()]


def ensure() -> None:
    """Have every rule in force. Raises `Terminal` where they can be neither verified nor set."""
    for chain, rule in _rules():
        if not _iptables("-C", chain, rule) and not (_iptables("-I", chain, rule) and _iptables("-C", chain, rule)):
            raise Terminal(
                "internet_unprotected",
                "The plan has internet, but the host's firewall cannot be verified from here. "
                "On the Docker host, run as root: " + "; ".join(commands()),
            )


def verify_bridge(network: Network) -> None:
    """The rules are worth something only where the bridge is: on this very host. Raises `Terminal`."""
    if not (Path("/sys/class/net") / network.bridge).exists():
        raise Terminal(
            "internet_unprotected",
            "The plan has internet, but the Docker engine runs on another host, whose firewall cannot be verified "
            "from here. Run a worker on that host.",
        )


def _iptables(act: str, chain: str, rule: list[str]) -> bool:
    try:
        done = subprocess.run(
            ["iptables", "--wait", "5", "-t", "mangle", act, chain, *rule], capture_output=True, check=False, timeout=20
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
