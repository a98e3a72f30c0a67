"""What counts as an assertion, and what does not."""

import base64
import hashlib
import hmac
import json
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from cloudflare.entrance.assertion import NotVouched, UnknownKey, Vouched, read
from cloudflare.entrance.door import Door
from tests.entrance.conftest import TEAM, Team

AUD = "0f" * 32
DOOR = Door(TEAM, AUD, "unused")


def vouched(team: Team, token: str) -> Vouched:
    return read(token, DOOR, {team.kid: team.private.public_key()}.get)


def _segment(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def _claims(team: Team) -> Any:
    return jwt.decode(team.sign(AUD), options={"verify_signature": False})


def test_a_good_one(team: Team) -> None:
    found = vouched(team, team.sign(AUD, email="Alice@Example.com", aud=["other", AUD]))
    assert found.email == "alice@example.com"
    assert abs(found.issued_at.timestamp() - time.time()) < 5
    now = time.time()
    assert vouched(team, team.sign(AUD, exp=now - 5, iat=now + 5, nbf=now + 5))  # clocks differ a little


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": ["other"]},
        {"aud": []},
        {"aud": None},
        {"iss": "https://other.cloudflareaccess.com"},
        {"iss": f"https://{TEAM}/"},
        {"iss": None},
        {"exp": 1},
        {"exp": None},
        {"exp": "soon"},
        {"iat": None},
        {"iat": 1e12},
        {"iat": -1e18},
        {"nbf": 1e12},
        {"type": "org"},
        {"type": None},
        {"email": None, "common_name": "a service token", "sub": ""},
        {"email": ""},
        {"email": ["alice@example.com"]},
        {"email": "alice"},
        {"email": "alice@example.com\x00"},
        {"email": "a" * 250 + "@example.com"},
        # Folded, each would be somebody else: a long s, a Kelvin sign, a sharp s.
        {"email": "bu\u017fter@example.com"},
        {"email": "\u212aate@example.com"},
        {"email": "alice@straße.example"},
        {"padding": "x" * 9000},
    ],
    ids=str,
)
def test_signed_and_not_for_us(team: Team, claims: dict[str, Any]) -> None:
    with pytest.raises(NotVouched):
        vouched(team, team.sign(AUD, **claims))


def test_forged(team: Team) -> None:
    other = Team(rsa.generate_private_key(public_exponent=65537, key_size=2048), team.kid)
    with pytest.raises(NotVouched, match="Signature"):
        vouched(team, other.sign(AUD))
    head, _, signature = team.sign(AUD).split(".")
    with pytest.raises(NotVouched, match="Signature"):
        vouched(team, f"{head}.{_segment(_claims(team) | {'email': 'bob@example.com'})}.{signature}")


def test_an_algorithm_of_its_own_choice(team: Team) -> None:
    claims = _claims(team)
    for algorithm in ("none", "None", "HS256", "RS512", ""):
        signing = f"{_segment({'alg': algorithm, 'kid': team.kid})}.{_segment(claims)}"
        public = team.private.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        mac = base64.urlsafe_b64encode(hmac.digest(public, signing.encode(), hashlib.sha256)).rstrip(b"=").decode()
        for signature in ("", mac):
            with pytest.raises(NotVouched):
                vouched(team, f"{signing}.{signature}")
    with pytest.raises(NotVouched):
        vouched(team, jwt.encode(claims, team.private, "RS512", headers={"kid": team.kid}))


def test_a_key_that_nobody_knows(team: Team) -> None:
    with pytest.raises(UnknownKey):
        vouched(team, Team(team.private, "unheard-of").sign(AUD))
    for kid in (None, 7, ["own"]):
        token = f"{_segment({'alg': 'RS256', 'kid': kid})}.{_segment(_claims(team))}.AAAA"
        with pytest.raises(NotVouched):
            vouched(team, token)


@pytest.mark.parametrize("token", ["x", "..", "a.b.c", "é.é.é", "[" * 8000, "=" * 99, "\x00"])
def test_rubbish(team: Team, token: str) -> None:
    with pytest.raises(NotVouched):
        vouched(team, token)
    good = team.sign(AUD)
    with pytest.raises(NotVouched):
        vouched(team, f"{good},{good}")  # two headers, as a server joins them
    deep = base64.urlsafe_b64encode(b"[" * 5000).rstrip(b"=").decode()
    with pytest.raises(NotVouched):
        vouched(team, f"{deep}.e30.AAAA")
