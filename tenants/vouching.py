"""A port: whether a session that somebody else vouched for counts at this moment, and until when.

For whoever keeps a connection open, where no further request asks the middleware. `cloudflare` fills it; without it,
a session counts for itself.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from tenants.models import User


class NotVouched(Exception):
    """It does not count without, or beside, what came with the request."""


# Takes the session, its person, and the request's headers by lower-case name.
Voucher = Callable[[Any, User, Mapping[str, str]], datetime | None]


def _itself(session: Any, user: User, headers: Mapping[str, str]) -> datetime | None:
    return None


_voucher: Voucher = _itself


def plug(voucher: Voucher) -> None:
    global _voucher
    _voucher = voucher


def until(session: Any, user: User, headers: Mapping[str, str]) -> datetime | None:
    """When it stops counting by itself; None: it does not. Raises `NotVouched`."""
    return _voucher(session, user, headers)
