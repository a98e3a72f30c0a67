from cloudflare.models.account import Account, Zone
from cloudflare.models.people import Seat, SignOut
from cloudflare.models.publication import Publication, Route
from cloudflare.models.tunnel import Connector, Tunnel

__all__ = ["Account", "Connector", "Publication", "Route", "Seat", "SignOut", "Tunnel", "Zone"]
