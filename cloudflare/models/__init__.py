from cloudflare.models.account import Account, Zone
from cloudflare.models.people import Seat, SignOut
from cloudflare.models.publication import Publication, Route
from cloudflare.models.signing import SigningKey, StaffProvider
from cloudflare.models.tunnel import Connector, Tunnel
from cloudflare.models.visits import Application, VisitCursor

__all__ = [
    "Account",
    "Application",
    "Connector",
    "Publication",
    "Route",
    "Seat",
    "SignOut",
    "SigningKey",
    "StaffProvider",
    "Tunnel",
    "VisitCursor",
    "Zone",
]
