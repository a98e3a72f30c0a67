"""Tickets: how a front end of another site, or a script, opens a socket: a browser's can send no `Authorization`.

One is good for one socket and 30 seconds, so that it does no harm in the address, where logs may keep it.
"""

import hashlib
import json
import secrets
from datetime import datetime
from functools import cache

from django.conf import settings
from redis import Redis

from tenants.models import ApiToken, User

SECONDS = 30
_MAX_LENGTH = 100


def issue(user: User, *, session: str = "", token: ApiToken | None = None, until: datetime | None = None) -> str:
    """For whoever asked with that session, or with that token: the socket ends with what it was opened by."""
    ticket = secrets.token_urlsafe(32)
    facts = {"user": user.pk, "session": session, "token": token.digest if token else ""}
    facts["until"] = until.isoformat() if until else ""
    _redis().set(_key(ticket), json.dumps(facts), ex=SECONDS)
    return ticket


def take(ticket: str) -> dict[str, str] | None:
    """`user`, `session`, `token`, once; None for one that was used, has run out, or never was."""
    if not 0 < len(ticket) <= _MAX_LENGTH:
        return None
    found = _redis().getdel(_key(ticket))
    return json.loads(found) if found else None


def _key(ticket: str) -> str:
    return f"warren/ticket/{hashlib.sha256(ticket.encode()).hexdigest()}"


@cache
def _redis() -> Redis:
    return Redis.from_url(settings.REDIS_URL, socket_timeout=5, socket_connect_timeout=2)
