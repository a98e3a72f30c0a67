"""One class per part of Cloudflare's URL tree; values in, values out."""

from cloudflare.client.resources.access import Apps, IdentityProviders, Organization
from cloudflare.client.resources.people import Logs, Seats, Users
from cloudflare.client.resources.tunnels import Tunnels
from cloudflare.client.resources.zones import Records, Zone

__all__ = ["Apps", "IdentityProviders", "Logs", "Organization", "Records", "Seats", "Tunnels", "Users", "Zone"]
