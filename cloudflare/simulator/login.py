"""Signing in: the team's login page, the global session, and the hand-over of an application's token.

container's host          302 to   team host /cdn-cgi/access/login/<host>?redirect_url=<path>
team host                 page; POST of the address makes the global session, then policies are evaluated
refused                   403 on the team host
let in                    302 to   container's host /cdn-cgi/access/authorized?code=<once>&redirect_url=<path>
container's host          CF_Authorization cookie, 302 to the path
"""

import json
import secrets
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs, quote, urlencode, urlsplit

from cloudflare.simulator import evaluate, pages
from cloudflare.simulator.evaluate import Visitor
from cloudflare.simulator.http1 import Head, answer
from cloudflare.simulator.state import App, Session, World, new_uuid
from cloudflare.simulator.tokens import Signer

APP_COOKIE, TEAM_COOKIE, NONCE_COOKIE = "CF_Authorization", "CF_Session", "CF_Nonce"
GLOBAL_SESSION = 24 * 3600.0
CODE_LIFE = 60.0
MAX_FORM = 16 * 1024


@dataclass(frozen=True, slots=True)
class Pass:
    """A code that takes a fresh token from the team host to the application's, once."""

    host: str
    token: str
    expires: float


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
        self._passes: dict[str, Pass] = {}

    def redirect(self, app: App, host: str, port: str, path: str) -> bytes:
        """To the login page, as Access answers whoever has no token."""
        query = urlencode({"kid": app.aud, "redirect_url": path})
        where = f"http://{self._world.team_domain}{port}/cdn-cgi/access/login/{quote(host)}?{query}"
        return answer(302, headers=[("Location", where)])

    def serve(self, head: Head, form: bytes, ip: str) -> bytes:
        """The team host."""
        target = urlsplit(head.first[1])
        host = target.path.removeprefix("/cdn-cgi/access/login/")
        port = _port(head)
        if target.path == "/cdn-cgi/access/certs":
            return _json(self._signer.keys())
        if target.path == "/cdn-cgi/access/logout":
            return self._logout(head, parse_qs(target.query).get("to", [""])[0], port)
        app = self._world.app_for(host) if host != target.path else None
        if app is None:
            return answer(404, pages.trouble("Not found", "There is no such page."))
        redirect = local_path(parse_qs(target.query).get("redirect_url", ["/"])[0])
        session = self._global_session(head)
        if head.first[0] == "POST":
            fields = {key: values[0] for key, values in parse_qs(form.decode("utf-8", "replace")).items()}
            redirect = local_path(fields.get("redirect_url", redirect))
            if not fields.get("nonce") or fields["nonce"] != cookies(head).get(NONCE_COOKIE):
                return self._ask(app, host, redirect, "The form was too old; please try again.")
            email = fields.get("email", "").strip().casefold()
            if "@" not in email or len(email) > 254 or any(char.isspace() for char in email):
                return self._ask(app, host, redirect, "That is no e-mail address.")
            session = self._begin(email)
        if session is None:
            return self._ask(app, host, redirect)
        return self._decide(app, host, port, redirect, session, ip)

    def _ask(self, app: App, host: str, redirect: str, problem: str = "") -> bytes:
        nonce = secrets.token_urlsafe(16)
        page = pages.sign_in(str(app.fields["name"]), host, redirect, nonce, problem)
        cookie = f"{NONCE_COOKIE}={nonce}; Path=/; HttpOnly; SameSite=Lax"
        return answer(200, page, headers=[("Set-Cookie", cookie)])

    def _begin(self, email: str) -> Session:
        now = self._world.now()
        known = next((row.user_id for row in self._world.sessions.values() if row.email == email), new_uuid())
        session = Session(new_uuid(), email, known, now, now + GLOBAL_SESSION)
        self._world.sessions[session.id] = session
        self._world.changed("session", session.id)
        return session

    def _global_session(self, head: Head) -> Session | None:
        session = self._world.sessions.get(cookies(head).get(TEAM_COOKIE, ""))
        alive = session and not session.aud and not session.revoked and session.expires > self._world.now()
        return session if alive else None

    def _decide(self, app: App, host: str, port: str, redirect: str, session: Session, ip: str) -> bytes:
        team = ("Set-Cookie", f"{TEAM_COOKIE}={session.id}; Path=/; HttpOnly; SameSite=Lax")
        token = self.token_for(app, host, session, ip)
        if token is None:
            back = urlencode({"to": f"{host}{port}"})
            again = f"http://{self._world.team_domain}{port}/cdn-cgi/access/logout?{back}"
            return answer(403, pages.forbidden(session.email, host, again), headers=[team])
        code, now = secrets.token_urlsafe(24), self._world.now()
        self._passes = {key: row for key, row in self._passes.items() if row.expires > now}
        self._passes[code] = Pass(host, token, now + CODE_LIFE)
        query = urlencode({"code": code, "redirect_url": redirect})
        return answer(302, headers=[("Location", f"http://{host}{port}/cdn-cgi/access/authorized?{query}"), team])

    def token_for(self, app: App, host: str, session: Session, ip: str) -> str | None:
        """A token if the policies let the person in; the decision goes into the access log."""
        policy = evaluate.deciding(app, Visitor(session.email, ip))
        allowed = policy is not None and policy.fields["decision"] == "allow"
        self.log(app, host, session.email, ip, allowed=allowed)
        if policy is None or not allowed:
            return None
        duration = policy.fields.get("session_duration") or app.fields["session_duration"]
        return self._signer.issue(app, session.email, session.user_id, duration)[0]

    def log(self, app: App, host: str, email: str, ip: str, *, allowed: bool) -> None:
        self._world.access_log.append(
            {
                "action": "login",
                "allowed": allowed,
                "app_domain": host,
                "app_uid": app.id,
                "connection": "onetimepin",
                "created_at": self._world.stamp(),
                "ip_address": ip,
                "ray_id": secrets.token_hex(8),
                "user_email": email,
            }
        )
        self._world.changed("log", app.id)

    def authorized(self, head: Head, host: str) -> bytes:
        """The container's host: the code becomes the cookie."""
        query = parse_qs(urlsplit(head.first[1]).query)
        found = self._passes.pop(query.get("code", [""])[0], None)
        if found is None or found.host != host or found.expires <= self._world.now():
            return answer(400, pages.trouble("Please try again", "This sign-in was used already, or has expired."))
        cookie = f"{APP_COOKIE}={found.token}; Path=/; HttpOnly; SameSite=Lax"
        where = local_path(query.get("redirect_url", ["/"])[0])
        return answer(302, headers=[("Location", where), ("Set-Cookie", cookie)])

    def sign_in(self, email: str, host: str, ip: str = "127.0.0.1") -> str | None:
        """As the login page would: the cookie's value for this host, or None if the policies refuse."""
        app = self._world.app_for(host)
        return self.token_for(app, host, self._begin(email.strip().casefold()), ip) if app else None

    def _logout(self, head: Head, to: str, port: str) -> bytes:
        session = self._global_session(head)
        if session is not None:
            session.revoked = True
            self._world.changed("session", session.id)
        headers = [("Set-Cookie", f"{TEAM_COOKIE}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax")]
        host = to.partition(":")[0]
        if host.endswith(f".{self._world.domain}") and self._world.app_for(host):
            return answer(302, headers=[*headers, ("Location", f"http://{host}{port}/")])
        return answer(200, pages.trouble("Signed out", "You are signed out everywhere."), headers=headers)


def _port(head: Head) -> str:
    """`:8787`, or nothing, as the visitor typed it."""
    _, colon, port = head.get("host").rpartition(":")
    return f":{port}" if colon and port.isdigit() else ""


def _json(value: object) -> bytes:
    return answer(200, json.dumps(value), kind="application/json")
