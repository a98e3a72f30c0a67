from cloudflare.models.account import Account, Zone
from cloudflare.models.publication import Publication, Route
from cloudflare.models.signing import SigningKey, StaffProvider
from cloudflare.models.tunnel import Connector, Tunnel

__all__ = ["Account", "Connector", "Publication", "Route", "SigningKey", "StaffProvider", "Tunnel", "Zone"]
