"""From which address a request came, past the proxies that this installation trusts."""

import ipaddress
from typing import Any

from django.conf import settings

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def client(meta: dict[str, Any]) -> str | None:
    """The address of whoever asks, from a request's `META`; None where the server doesn't know one.

    `X-Forwarded-For` is read from its end, and only as far as each hop is a proxy of `TRUSTED_PROXIES`: what stands
    further left was written by somebody whom nobody vouches for.
    """
    here = _parse(meta.get("REMOTE_ADDR", ""))
    hops = [hop.strip() for hop in meta.get("HTTP_X_FORWARDED_FOR", "").split(",")]
    while here is not None and hops and _trusted(here):
        before = _parse(hops.pop())
        if before is None:
            break
        here = before
    return None if here is None else str(here)


def neighbourhood(address: str | None) -> str:
    """What limits count by: an IPv4 address, or the /64 of an IPv6 one, which one person has whole."""
    found = _parse(address or "")
    if isinstance(found, ipaddress.IPv6Address):
        return str(ipaddress.IPv6Network((found, 64), strict=False).network_address)
    return str(found or "")


def _parse(text: str) -> _Address | None:
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(found, ipaddress.IPv6Address):
        return found.ipv4_mapped or ipaddress.IPv6Address(int(found))  # without a zone: no column takes it
    return found


def _trusted(address: _Address) -> bool:
    return any(address in ipaddress.ip_network(network) for network in settings.TRUSTED_PROXIES)
