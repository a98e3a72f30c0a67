"""Who opens a socket, by a session or a ticket; and whether that still counts while it is open."""

import datetime
import hashlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from django.conf import settings
from django.contrib import auth
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest
from django.http.cookie import parse_cookie
from django.utils import timezone
from django.utils.module_loading import import_string

from monitoring.live import tickets
from tenants import proxies, vouching
from tenants.models import ApiToken, Scope, User

log = logging.getLogger(__name__)


class NotSignedIn(Exception):
    """Nobody, or nobody any more."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """`session`, `token`: what they came by, and by what they go. `writes`: not with a token that may read only."""

    user: User
    session: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    until: datetime.datetime | None = None
    writes: bool = True
    ip: str | None = None

    @property
    def key(self) -> str:
        """The same for sockets of one person by one way in."""
        return f"{self.user.pk}/{self.session}/{self.token}"

    @property
    def session_digest(self) -> str:
        """By which others tell of a session without naming it."""
        return digest(self.session) if self.session else ""


def digest(session: str) -> str:
    return hashlib.sha256(session.encode()).hexdigest()


def headers(scope: Mapping[str, Any]) -> dict[str, str]:
    """By lower-case name, as Latin-1; of one that came twice, the last."""
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}


def ticket(scope: Mapping[str, Any]) -> str | None:
    """None where none was given, and the cookie counts."""
    found = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("ticket")
    return found[-1] if found else None


def find(scope: Mapping[str, Any]) -> Visitor:
    """Raises `NotSignedIn`."""
    sent = headers(scope)
    here = scope.get("client") or ("", 0)
    ip = proxies.client({"REMOTE_ADDR": here[0] or "", "HTTP_X_FORWARDED_FOR": sent.get("x-forwarded-for", "")})
    given = ticket(scope)
    if given is None:
        key = parse_cookie(sent.get("cookie", "")).get(settings.SESSION_COOKIE_NAME, "")
        session, user = _session(key)
        try:
            until = vouching.until(session, user, sent)
        except vouching.NotVouched as exc:
            log.debug("a socket's session does not count: %s", exc)
            raise NotSignedIn from exc
        return Visitor(user, session=key, until=_sooner(until, session.get_expiry_date()), ip=ip)
    facts = tickets.take(given)
    person = User.objects.filter(pk=facts["user"], is_active=True).first() if facts else None
    if facts is None or person is None:
        raise NotSignedIn
    ends = datetime.datetime.fromisoformat(facts["until"]) if facts["until"] else None
    return again(Visitor(person, facts["session"], facts["token"], ends, ip=ip))


def again(visitor: Visitor) -> Visitor:
    """The same one, read afresh. Raises `NotSignedIn` for who has signed out, was shut, or whose token is gone."""
    if visitor.until and visitor.until <= timezone.now():
        raise NotSignedIn
    if visitor.token:
        token = ApiToken.objects.select_related("user").filter(pk=visitor.token, user=visitor.user.pk).first()
        if token is None or token.expired or not token.user.is_active:
            raise NotSignedIn
        return Visitor(token.user, "", visitor.token, token.expiry, token.scope == Scope.WRITE, visitor.ip)
    session, user = _session(visitor.session)
    if user.pk != visitor.user.pk:
        raise NotSignedIn
    until = _sooner(visitor.until, session.get_expiry_date())
    return Visitor(user, visitor.session, "", until, ip=visitor.ip)


def _session(key: str) -> tuple[SessionBase, User]:
    """A session that is there, with the person whose it is; `auth` compares it with their password's present hash."""
    request = HttpRequest()
    request.session = import_string(f"{settings.SESSION_ENGINE}.SessionStore")(key or None)
    user = auth.get_user(request) if key and request.session.exists(key) else None
    if not isinstance(user, User) or not user.is_active:
        raise NotSignedIn
    return request.session, user


def _sooner(*moments: datetime.datetime | None) -> datetime.datetime | None:
    return min((moment for moment in moments if moment), default=None)
