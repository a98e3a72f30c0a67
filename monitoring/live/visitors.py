"""Who opens a socket, by a session or a ticket; and whether that still counts while it is open."""

import datetime
import hashlib
import logging
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qs

from django.conf import settings
from django.contrib import auth
from django.http.cookie import parse_cookie
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.module_loading import import_string

from monitoring.live import origins, tickets
from tenants import languages, viewing, vouching
from tenants.models import ApiToken, Scope, User
from tenants.viewer import Viewer

log = logging.getLogger(__name__)


class NotSignedIn(Exception):
    """Nobody, or nobody any more."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """`session`, `token`: what they came by, and by what they go. `writes`: not with a token that may read only.

    `viewing`: as which tenant's owner staff look, whose own rights count for nothing then; they write nothing either.
    """

    user: User
    session: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    until: datetime.datetime | None = None
    writes: bool = True
    ip: str | None = None
    viewing: Viewer | None = None

    @property
    def asks(self) -> User | Viewer:
        """By whom rights go."""
        return self.viewing or self.user

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


def language(scope: Mapping[str, Any]) -> str:
    """What the browser asks for; whoever opens the socket may have chosen another."""
    sent = headers(scope)
    return languages.of_browser(parse_cookie(sent.get("cookie", "")), sent.get("accept-language", ""))


def find(scope: Mapping[str, Any]) -> Visitor:
    """Raises `NotSignedIn`."""
    sent = headers(scope)
    ip = origins.address(scope)
    given = ticket(scope)
    if given is None:
        key = parse_cookie(sent.get("cookie", "")).get(settings.SESSION_COOKIE_NAME, "")
        session = _sessions({key}).get(key) if key else None
        pk = session.facts.get(auth.SESSION_KEY) if session else None
        user = User.objects.filter(pk=pk, is_active=True).first() if pk else None
        if session is None or user is None or not _is_of(session, user):
            raise NotSignedIn
        try:
            until = vouching.until(session.facts, user, sent)
        except vouching.NotVouched as exc:
            log.debug("a socket's session does not count: %s", exc)
            raise NotSignedIn from exc
        viewer = viewing.of(session.facts, user)
        until = _sooner(until, session.expires, viewer.until if viewer else None)
        return Visitor(user, session=key, until=until, ip=ip, viewing=viewer, writes=viewer is None)
    facts = tickets.take(given)
    person = User.objects.filter(pk=facts["user"], is_active=True).first() if facts else None
    if facts is None or person is None:
        raise NotSignedIn
    ends = datetime.datetime.fromisoformat(facts["until"]) if facts["until"] else None
    (visitor,) = again([Visitor(person, facts["session"], facts["token"], ends, ip=ip)])
    if visitor is None:
        raise NotSignedIn
    return visitor


def again(visitors: Collection[Visitor]) -> list[Visitor | None]:
    """The same ones, read afresh; None for who has signed out or was shut, and where the token is gone or time is over.

    Three statements, however many they are, and a few for each that views as a tenant. Nothing is written: a session
    that is renewed here would be lost to the browser, which is told of no cookie.
    """
    now = timezone.now()
    tokens = {token.pk: token for token in ApiToken.objects.filter(pk__in=_named(visitors, "token"))}
    sessions = _sessions(_named(visitors, "session"))
    people = User.objects.in_bulk({visitor.user.pk for visitor in visitors})
    found: list[Visitor | None] = []
    for visitor in visitors:
        user, token, session = people.get(visitor.user.pk), tokens.get(visitor.token), sessions.get(visitor.session)
        known = token is not None and token.user_id == visitor.user.pk if visitor.token else _is_of(session, user)
        until = _sooner(visitor.until, token.expiry if token else session.expires if session else None)
        if visitor.viewing and known and session:
            known = viewing.of(session.facts, user) == visitor.viewing
        if user is None or not user.is_active or not known or (until is not None and until <= now):
            found.append(None)
        else:
            writes = visitor.viewing is None and (token is None or token.scope == Scope.WRITE)
            found.append(replace(visitor, user=user, until=until, writes=writes))
    return found


@dataclass(frozen=True, slots=True)
class _Session:
    facts: dict[str, Any] = field(repr=False)
    expires: datetime.datetime


def _sessions(keys: set[str]) -> dict[str, _Session]:
    """Those that are there and have not run out."""
    store = import_string(f"{settings.SESSION_ENGINE}.SessionStore")()
    rows = store.get_model_class().objects.filter(session_key__in=keys, expire_date__gt=timezone.now())
    return {row.session_key: _Session(store.decode(row.session_data), row.expire_date) for row in rows}


def _is_of(session: _Session | None, user: User | None) -> bool:
    """As `django.contrib.auth.get_user` judges it: by the hash of the password that the session began with."""
    if session is None or user is None or session.facts.get(auth.SESSION_KEY) != user._meta.pk.value_to_string(user):
        return False
    noted = session.facts.get(auth.HASH_SESSION_KEY, "")
    return any(constant_time_compare(noted, known) for known in _hashes(user))


def _hashes(user: User) -> Iterator[str]:
    """The present one first, then those by earlier secrets."""
    yield user.get_session_auth_hash()
    yield from user.get_session_auth_fallback_hash()


def _named(visitors: Collection[Visitor], what: str) -> set[str]:
    return {name for visitor in visitors if (name := getattr(visitor, what))}


def _sooner(*moments: datetime.datetime | None) -> datetime.datetime | None:
    return min((moment for moment in moments if moment), default=None)
