"""What this host can reach already: a network of ours over one of these would cut the host off from it."""

import ipaddress
import sys
from pathlib import Path

_TABLE = Path("/proc/net/route")  # proc(5): a line of titles, then one route a line
_DEFAULTS = 8  # shorter prefixes mean "everything": the default route, or the halves that some VPNs lay over it


def networks(table: Path = _TABLE) -> list[ipaddress.IPv4Network]:
    """The IPv4 networks that the host's main table names; none where the host has no such table."""
    try:
        lines = table.read_text().splitlines()[1:]
    except OSError:
        return []
    found = [_network(*line.split()) for line in lines]
    return [network for network in found if network.prefixlen >= _DEFAULTS]


def _network(*fields: str) -> ipaddress.IPv4Network:
    destination, mask = (int(fields[at], 16).to_bytes(4, sys.byteorder) for at in (1, 7))
    return ipaddress.IPv4Network((destination, str(ipaddress.IPv4Address(mask))))
