"""Signs the assertions that the edge hands to containers, and publishes the keys to verify them by."""

import hashlib
import json
import re
from dataclasses import replace
from functools import lru_cache
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from cloudflare.simulator.people import Session, new_uuid
from cloudflare.simulator.state import App, World

_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}


def seconds(duration: str) -> float:
    """`24h`, `1h30m`, `immediate`: Cloudflare's session durations."""
    if duration == "immediate":
        return 0.0
    return sum(float(number) * _UNITS[unit] for number, unit in re.findall(r"([\d.]+)(ns|us|µs|ms|s|m|h)", duration))


class Signer:
    def __init__(self, world: World) -> None:
        self._world = world
        if not world.signing_keys:
            self.rotate()

    def rotate(self) -> None:
        """A new key signs from now on; the one before stays published."""
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        self._world.signing_keys = [pem.decode(), *self._world.signing_keys[:1]]
        self._world.changed("keys", "")

    def keys(self) -> dict[str, Any]:
        """The JWKS of `/cdn-cgi/access/certs`."""
        return {"keys": [self._public(pem) for pem in self._world.signing_keys]}

    @staticmethod
    def _public(pem: str) -> dict[str, Any]:
        raw: dict[str, Any] = json.loads(RSAAlgorithm.to_jwk(_private(pem).public_key()))
        return {**raw, "kid": _kid(raw), "alg": "RS256", "use": "sig"}

    def issue(self, app: App, login: Session, duration: str) -> str:
        """A token of this application for the person of a global session; it lives by a session of its own."""
        now = self._world.now()
        session = replace(
            login,
            id=new_uuid(),
            created=now,
            expires=now + seconds(duration),
            aud=app.aud,
            revoked=False,
            parent=login.id,
        )
        self._world.sessions[session.id] = session
        self._world.changed("session", session.id)
        claims = {
            "aud": [app.aud],
            "email": session.email,
            "exp": int(session.expires),
            "iat": int(now),
            "nbf": int(now),
            "iss": f"https://{self._world.team_domain}",
            "type": "app",
            "identity_nonce": session.id,
            "sub": session.user_id,
            "country": "XX",
        }
        if session.claims:
            claims["custom"] = session.claims
        pem = self._world.signing_keys[0]
        return jwt.encode(claims, _private(pem), "RS256", headers={"kid": self._public(pem)["kid"]})

    def session_of(self, token: str, app: App) -> Session | None:
        """The living session of a token of this application; None for anything else."""
        for pem in self._world.signing_keys:
            try:
                claims = jwt.decode(
                    token,
                    _private(pem).public_key(),
                    ["RS256"],
                    audience=app.aud,
                    issuer=f"https://{self._world.team_domain}",
                    options={"verify_exp": False, "verify_nbf": False, "verify_iat": False},
                )
            except jwt.InvalidTokenError:
                continue
            session = self._world.sessions.get(str(claims.get("identity_nonce")))
            if session and session.aud == app.aud and session.living(self._world.now()):
                return session
        return None


@lru_cache(maxsize=8)
def _private(pem: str) -> rsa.RSAPrivateKey:
    """Parsed once: it takes longer than to verify by it."""
    key = serialization.load_pem_private_key(pem.encode(), password=None)
    assert isinstance(key, rsa.RSAPrivateKey)
    return key


def _kid(raw: dict[str, Any]) -> str:
    return hashlib.sha256(str(raw["n"]).encode()).hexdigest()
