"""The API half: Cloudflare's v4 calls on the world. One module a resource; `routing.find` finds the handler."""

from cloudflare.simulator.api import (
    access,
    accounts,
    dns,
    groups,
    logs,
    organization,
    policies,
    providers,
    tunnels,
    users,
)

__all__ = [
    "access",
    "accounts",
    "dns",
    "groups",
    "logs",
    "organization",
    "policies",
    "providers",
    "tunnels",
    "users",
]
