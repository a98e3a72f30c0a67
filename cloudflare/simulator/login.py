"""Signing in: the team's login page, the global session, and the hand-over of an application's token.

container's host          302 to   team host /cdn-cgi/access/login/<host>?redirect_url=<path>
team host                 page: a choice of identity providers where there are several (`&idp=<id>`), then a form;
                          its POST makes the global session, then policies are evaluated
refused                   403 on the team host
let in                    302 to   container's host /cdn-cgi/access/authorized?code=<once>&redirect_url=<path>
container's host          CF_Authorization cookie, 302 to the path
"""

import json
import secrets
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

from cloudflare.simulator import edge_pages
from cloudflare.simulator.desk import Decision, Desk, address
from cloudflare.simulator.http1 import Head, answer
from cloudflare.simulator.people import ONE_TIME_PIN, IdentityProvider, Session
from cloudflare.simulator.state import App, World
from cloudflare.simulator.tokens import Signer

APP_COOKIE, TEAM_COOKIE, NONCE_COOKIE = "CF_Authorization", "CF_Session", "CF_Nonce"
CODE_LIFE = 60.0
MAX_FORM = 16 * 1024


@dataclass(frozen=True, slots=True)
class Pass:
    """A code that takes a fresh token from the team host to the application's, once."""

    host: str
    token: str
    expires: float


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody on the login page, and what they want to open."""

    app: App
    host: str
    port: str
    redirect: str
    ip: str


def cookies(head: Head) -> dict[str, str]:
    """Of a request; a malformed header counts as none."""
    jar: SimpleCookie = SimpleCookie()
    try:
        jar.load(head.get("cookie"))
    except CookieError:
        return {}
    return {name: morsel.value for name, morsel in jar.items()}


def local_path(url: str) -> str:
    """A path on the same host, or `/`: nobody is sent elsewhere."""
    bad = not url.startswith("/") or url.startswith(("//", "/\\")) or any(ord(char) < 33 for char in url)
    return "/" if bad else url


class Login:
    def __init__(self, world: World, signer: Signer) -> None:
        self._world, self._signer = world, signer
        self._desk = Desk(world, signer)
        self._passes: dict[str, Pass] = {}

    def redirect(self, app: App, host: str, port: str, path: str) -> bytes:
        """To the login page, as Access answers whoever has no token."""
        query = urlencode({"kid": app.aud, "redirect_url": path})
        where = f"http://{self._world.team_domain}{port}/cdn-cgi/access/login/{quote(host)}?{query}"
        return answer(302, headers=[("Location", where)])

    def serve(self, head: Head, form: bytes, ip: str) -> bytes:
        """The team host."""
        target = urlsplit(head.first[1])
        query = _first(target.query)
        host = target.path.removeprefix("/cdn-cgi/access/login/")
        port = _port(head)
        if target.path == "/cdn-cgi/access/certs":
            return _json(self._signer.keys())
        if target.path == "/cdn-cgi/access/get-identity":
            return identity(self._world, self._global_session(head))
        if target.path == "/cdn-cgi/access/logout":
            return self._logout(head, query.get("to", ""), port)
        app = self._world.app_for(host) if host != target.path else None
        if app is None:
            return answer(404, edge_pages.trouble("Not found", "There is no such page."))
        fields = _first(form.decode("utf-8", "replace")) if head.first[0] == "POST" else {}
        redirect = local_path(fields.get("redirect_url") or query.get("redirect_url", "/"))
        visit = Visit(app, host, port, redirect, ip)
        offered = self._desk.offered(app)
        chosen = fields.get("idp") or query.get("idp", "")
        provider = next((row for row in offered if row.id == chosen), offered[0] if len(offered) == 1 else None)
        if head.first[0] == "POST":
            return self._sign_in(visit, provider, head, fields)
        session = self._global_session(head)
        if session is not None and session.provider in {row.id for row in offered}:
            return self._decide(visit, session)
        return self._ask(visit, provider)

    def _ask(self, visit: Visit, provider: IdentityProvider | None, problem: str = "") -> bytes:
        """The form of the provider, or the choice of one."""
        if provider is None:
            return self._choice(visit)
        nonce = secrets.token_urlsafe(16)
        hidden = {"redirect_url": visit.redirect, "nonce": nonce, "idp": provider.id}
        if provider.type == ONE_TIME_PIN:
            page = edge_pages.one_time_pin(visit.host, hidden, problem)
        else:
            claims = provider.fields["config"].get("claims") or []
            page = edge_pages.oidc(visit.host, provider.name, claims, hidden, problem)
        cookie = f"{NONCE_COOKIE}={nonce}; Path=/; HttpOnly; SameSite=Lax"
        return answer(200, page, headers=[("Set-Cookie", cookie)])

    def _choice(self, visit: Visit) -> bytes:
        offered = self._desk.offered(visit.app)
        if not offered:
            text = "This application allows no way to sign in that the account has."
            return answer(403, edge_pages.trouble("Nobody can sign in", text))
        query = {"kid": visit.app.aud, "redirect_url": visit.redirect}
        links = [(row.name, "?" + urlencode({**query, "idp": row.id})) for row in offered]
        return answer(200, edge_pages.choice(visit.host, links))

    def _sign_in(self, visit: Visit, provider: IdentityProvider | None, head: Head, fields: dict[str, str]) -> bytes:
        if provider is None:
            return self._choice(visit)
        if not fields.get("nonce") or fields["nonce"] != cookies(head).get(NONCE_COOKIE):
            return self._ask(visit, provider, "The form was too old; please try again.")
        email = address(fields.get("email", ""))
        if email is None:
            return self._ask(visit, provider, "That is no e-mail address.")
        claims: Any = {}
        if provider.type != ONE_TIME_PIN:
            try:
                claims = json.loads(fields.get("claims") or "{}")
            except (ValueError, RecursionError):
                claims = None
            if not isinstance(claims, dict):
                return self._ask(visit, provider, "Claims must be one JSON object.")
        return self._decide(visit, self._desk.begin(email, provider, claims, visit.ip))

    def _global_session(self, head: Head) -> Session | None:
        session = self._world.sessions.get(cookies(head).get(TEAM_COOKIE, ""))
        return session if session and not session.aud and session.living(self._world.now()) else None

    def _decide(self, visit: Visit, session: Session) -> bytes:
        team = ("Set-Cookie", f"{TEAM_COOKIE}={session.id}; Path=/; HttpOnly; SameSite=Lax")
        host, port = visit.host, visit.port
        decision = self._desk.admit(visit.app, host, session, visit.ip)
        if decision.token is None:
            back = urlencode({"to": f"{host}{port}"})
            again = f"http://{self._world.team_domain}{port}/cdn-cgi/access/logout?{back}"
            page = edge_pages.no_seat if decision.reason == "seats" else edge_pages.forbidden
            return answer(403, page(session.email, host, again), headers=[team])
        code, now = secrets.token_urlsafe(24), self._world.now()
        self._passes = {key: row for key, row in self._passes.items() if row.expires > now}
        self._passes[code] = Pass(host, decision.token, now + CODE_LIFE)
        query = urlencode({"code": code, "redirect_url": visit.redirect})
        return answer(302, headers=[("Location", f"http://{host}{port}/cdn-cgi/access/authorized?{query}"), team])

    def authorized(self, head: Head, host: str) -> bytes:
        """The container's host: the code becomes the cookie."""
        query = parse_qs(urlsplit(head.first[1]).query)
        found = self._passes.pop(query.get("code", [""])[0], None)
        if found is None or found.host != host or found.expires <= self._world.now():
            return answer(400, edge_pages.trouble("Please try again", "This sign-in was used already, or has expired."))
        cookie = f"{APP_COOKIE}={found.token}; Path=/; HttpOnly; SameSite=Lax"
        where = local_path(query.get("redirect_url", ["/"])[0])
        return answer(302, headers=[("Location", where), ("Set-Cookie", cookie)])

    def sign_in(
        self, email: str, host: str, provider_id: str = "", claims: dict[str, Any] | None = None, ip: str = "127.0.0.1"
    ) -> Decision:
        """As the login page would, by the one-time PIN if nothing else is said. Raises ValueError for no address."""
        known, app = address(email), self._world.app_for(host)
        if known is None:
            raise ValueError(f"{email!r} is no e-mail address")
        if app is None:
            return Decision(None, "no application")
        offered = {row.id: row for row in self._desk.offered(app)}
        provider = offered.get(provider_id) if provider_id else self._desk.default(app)
        if provider is None:
            return Decision(None, "login method")
        told = {} if provider.type == ONE_TIME_PIN else claims or {}
        return self._desk.admit(app, host, self._desk.begin(known, provider, told, ip), ip)

    def _logout(self, head: Head, to: str, port: str) -> bytes:
        session = self._global_session(head)
        if session is not None:
            session.revoked = True
            self._world.changed("session", session.id)
        headers = [("Set-Cookie", f"{TEAM_COOKIE}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax")]
        host = to.partition(":")[0]
        if host.endswith(f".{self._world.domain}") and self._world.app_for(host):
            return answer(302, headers=[*headers, ("Location", f"http://{host}{port}/")])
        return answer(200, edge_pages.trouble("Signed out", "You are signed out everywhere."), headers=headers)


def identity(world: World, session: Session | None) -> bytes:
    """What `/cdn-cgi/access/get-identity` answers."""
    if session is None:
        return answer(400, json.dumps({"err": "no app token set"}), kind="application/json")
    return _json(session.identity(world.account_id))


def _first(text: str) -> dict[str, str]:
    """Of a query or a form, the first value of each name."""
    return {key: values[0] for key, values in parse_qs(text).items()}


def _port(head: Head) -> str:
    """`:8787`, or nothing, as the visitor typed it."""
    _, colon, port = head.get("host").rpartition(":")
    return f":{port}" if colon and port.isdigit() else ""


def _json(value: object) -> bytes:
    return answer(200, json.dumps(value), kind="application/json")
