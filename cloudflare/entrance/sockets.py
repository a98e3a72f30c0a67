"""Answers for `tenants.vouching`: a connection counts for as long as the assertion that came with its first request."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from cloudflare.entrance import assertion, keys, people
from cloudflare.entrance.assertion import UnknownKey
from cloudflare.entrance.door import door
from cloudflare.entrance.middleware import BESIDE, BY_ACCESS
from tenants import vouching
from tenants.models import User

HEADER = "cf-access-jwt-assertion"


def until(session: Any, user: User, headers: Mapping[str, str]) -> datetime | None:
    """As the middleware judges a request. A session that began with a password needs nobody to vouch for it."""
    here, by_access = door(), bool(session.get(BY_ACCESS))
    token = headers.get(HEADER, "")
    if here is None or not token:
        if by_access:
            raise vouching.NotVouched("Access vouches for this session no more")
        return None
    try:
        vouched = assertion.read(token, here, keys.finder(here))
    except assertion.NotVouched as exc:
        if isinstance(exc, UnknownKey):
            keys.ask(here)
        if by_access:
            raise vouching.NotVouched(str(exc)) from exc
        return None
    if by_access:
        if user.email == vouched.email and people.may_enter(user, vouched, here):
            return vouched.expires_at
    elif vouched.email in {user.email, session.get(BESIDE)}:
        return None
    raise vouching.NotVouched("Access vouches for somebody else")


vouching.plug(until)
