"""A port: how often sockets may be opened. `config` fills it with what counts requests; without it, any number may."""

from collections.abc import Callable

# Takes a person's key or an address, the other one being empty; whether one more may be opened.
Pacer = Callable[[str, str | None], bool]


class TooOften(Exception):
    """By one person, or from one address."""


def _unpaced(person: str, address: str | None) -> bool:
    return True


_pacer: Pacer = _unpaced


def plug(pacer: Pacer) -> None:
    global _pacer
    _pacer = pacer


def count(*, person: str = "", address: str | None = None) -> None:
    """Count a socket that is being opened. Raises `TooOften`."""
    if not _pacer(person, address):
        raise TooOften
