"""The API half: Cloudflare's v4 calls on the world. One module a resource; `routing.dispatch` finds the handler."""

from cloudflare.simulator.api import access, accounts, dns, logs, policies, tunnels

__all__ = ["access", "accounts", "dns", "logs", "policies", "tunnels"]
