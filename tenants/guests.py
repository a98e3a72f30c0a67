"""A port: people who are let into something without belonging to a tenant. `access` fills it; without it, nobody is.

Who of a tenant's strangers is a guest, only that address itself may learn, by what is mailed to it.
"""

from typing import Protocol


class Guests(Protocol):
    home: str  # name of the page for whoever belongs to no tenant

    def known(self, email: str) -> bool:
        """Whether this folded address is let in anywhere at this moment."""


class _Nobody:
    home = "account"

    def known(self, email: str) -> bool:
        return False


_guests: Guests = _Nobody()


def plug(guests: Guests) -> None:
    global _guests
    _guests = guests


def known(email: str) -> bool:
    return _guests.known(email)


def home() -> str:
    return _guests.home
