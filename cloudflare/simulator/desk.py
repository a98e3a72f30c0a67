"""Decides at the door: who signs in by what becomes a user, and gets a token where policies and seats allow it."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cloudflare.simulator.evaluate import Judge, Visitor
from cloudflare.simulator.people import ONE_TIME_PIN, IdentityProvider, Session, User, new_uuid
from cloudflare.simulator.state import App, World
from cloudflare.simulator.tokens import Signer, seconds

MAX_EMAIL = 254


@dataclass(frozen=True, slots=True)
class Decision:
    """`token` is of the application. Without one, `reason` is `policy` or `seats`."""

    token: str | None
    reason: str = ""


def address(text: str) -> str | None:
    """An e-mail address in the form in which people are known; None for what is none."""
    email = text.strip().casefold()
    bad = "@" not in email or len(email) > MAX_EMAIL or any(char.isspace() for char in email)
    return None if bad else email


class Desk:
    def __init__(self, world: World, signer: Signer) -> None:
        self._world, self._signer = world, signer

    def offered(self, app: App) -> list[IdentityProvider]:
        """What one can sign in by to this application: all that the account has, or those that it allows."""
        allowed = app.fields.get("allowed_idps") or list(self._world.providers)
        return [self._world.providers[key] for key in allowed if key in self._world.providers]

    def default(self, app: App) -> IdentityProvider | None:
        """The one-time PIN where it is offered, else the first that is."""
        offered = self.offered(app)
        return next((row for row in offered if row.type == ONE_TIME_PIN), offered[0] if offered else None)

    def begin(self, email: str, provider: IdentityProvider, told: Mapping[str, Any], ip: str) -> Session:
        """The global session of somebody whom the provider vouches for; its claims are captured now and for good."""
        now = self._world.now()
        user = self._user(email, str(told.get("name") or email.partition("@")[0]))
        session = Session(
            new_uuid(),
            email,
            user.id,
            now,
            now + seconds(self._world.organization["session_duration"]),
            provider=provider.id,
            provider_type=provider.type,
            ip=ip,
            claims=provider.captured(dict(told)),
        )
        user.identity, user.updated_at = session.identity(self._world.account_id), self._world.stamp()
        self._world.sessions[session.id] = session
        self._world.changed("session", session.id)
        return session

    def _user(self, email: str, name: str) -> User:
        user = self._world.user_of(email)
        if user is None:
            at = self._world.stamp()
            user = User(new_uuid(), email, name, new_uuid(), at, at)
            self._world.users[user.id] = user
        return user

    def admit(self, app: App, host: str, session: Session, ip: str) -> Decision:
        """Policies first, then a seat: whom nobody lets in takes none. The outcome goes into the access log."""
        visitor = Visitor(session.email, ip, session.provider, session.claims)
        policy = Judge(self._world.groups).deciding(app, visitor)
        if policy is None or policy.fields["decision"] != "allow":
            return self._refuse(app, host, session, ip, "policy")
        user = self._world.users.get(session.user_id) or self._user(session.email, session.email.partition("@")[0])
        if not user.seated and self._world.seats_used() >= self._world.max_seats:
            return self._refuse(app, host, session, ip, "seats")
        user.seated, user.last_login, user.updated_at = True, self._world.stamp(), self._world.stamp()
        self._log(app, host, session, ip, allowed=True)
        duration = policy.fields.get("session_duration") or app.fields["session_duration"]
        return Decision(self._signer.issue(app, session, duration))

    def _refuse(self, app: App, host: str, session: Session, ip: str, reason: str) -> Decision:
        self._log(app, host, session, ip, allowed=False)
        return Decision(None, reason)

    def _log(self, app: App, host: str, session: Session, ip: str, *, allowed: bool) -> None:
        self._world.access_log.append(
            {
                "action": "login",
                "allowed": allowed,
                "app_domain": host,
                "app_uid": app.id,
                "connection": session.provider_type,
                "created_at": self._world.stamp(),
                "ip_address": ip,
                "ray_id": secrets.token_hex(8),
                "user_email": session.email,
            }
        )
        self._world.changed("log", app.id)
