"""The keys of Access: read by workers, rotated with no restart, and dropped."""

import datetime
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from django.test import Client
from django.utils import timezone

from cloudflare.client import certs, errors
from cloudflare.entrance import keys
from cloudflare.models import SigningKey
from cloudflare.tasks import refresh_keys
from tenants import doorbell
from tests.entrance.conftest import TEAM, Front, Team, who

ALICE = "alice@example.com"


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    monkeypatch.setattr(doorbell, "send", lambda task, pk: found.append((task, pk)))
    return found


def _kid(assertion: str) -> str:
    return str(jwt.get_unverified_header(assertion)["kid"])


def _age(kid: str, by: datetime.timedelta) -> None:
    SigningKey.objects.filter(kid=kid).update(seen_at=timezone.now() - by)


def test_rotation(front: Front, rung: list[Any], django_capture_on_commit_callbacks: Any) -> None:
    client, old = Client(), front.assertion(ALICE)
    first = _kid(old)
    assert who(client, old) == ALICE
    front.cloud.control("POST", "keys")
    new = front.assertion(ALICE)
    with django_capture_on_commit_callbacks(execute=True):
        assert [who(Client(), new) for _ in range(5)] == [""] * 5
        assert who(client, old) == ALICE
    assert rung == [(keys.REFRESH, TEAM)]  # once, whoever asks how often
    refresh_keys(*rung[0][1:])
    assert (who(Client(), new), who(client, old)) == (ALICE, ALICE)

    front.cloud.control("POST", "keys")  # the first is not listed any more
    refresh_keys()
    assert who(client, old) == ALICE
    _age(first, keys.GRACE)
    refresh_keys()
    assert not SigningKey.objects.filter(kid=first).exists()
    assert who(client, old) == ""
    assert who(client, new) == ALICE


def test_a_process_keeps_them_for_a_moment(
    front: Front, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any
) -> None:
    monkeypatch.setattr(keys, "KEPT", 60.0)
    keys.forget()
    kid = _kid(front.assertion(ALICE))
    here = keys.door()
    assert here
    with django_assert_num_queries(1):
        assert keys.finder(here)(kid)
        assert keys.finder(here)(kid)
        assert keys.finder(here)("unheard-of") is None
    keys.forget()


def test_a_list_that_cannot_be_read_changes_nothing_for_a_day(front: Front, settings: Any) -> None:
    client, assertion = Client(), front.assertion(ALICE)
    settings.ACCESS_CERTS_URL = "http://127.0.0.1:1/cdn-cgi/access/certs"
    kid = _kid(assertion)
    _age(kid, datetime.timedelta(hours=23))
    refresh_keys()
    assert who(client, assertion) == ALICE
    _age(kid, keys.STALE)
    assert who(client, assertion) == ""


def test_keys_are_the_teams_own(front: Front, settings: Any) -> None:
    settings.ACCESS_TEAM_DOMAIN = "other.cloudflareaccess.localhost"
    assert who(Client(), front.assertion(ALICE)) == ""
    settings.ACCESS_TEAM_DOMAIN = settings.ACCESS_AUDIENCE = ""
    refresh_keys()
    assert not SigningKey.objects.exists()


def test_what_is_not_a_list_of_keys(front: Front) -> None:
    edge = front.cloud.facts["edge"]
    with pytest.raises(errors.Broken):
        certs.fetch(f"{edge}/", TEAM)  # a page
    with pytest.raises(errors.Broken):
        certs.fetch(f"{edge}/cdn-cgi/access/logout", TEAM)
    with pytest.raises(errors.Unreachable):
        certs.fetch("http://127.0.0.1:1/", TEAM)


def test_which_keys_are_taken(team: Team) -> None:
    good = team.jwk | {"alg": "RS256", "use": "sig"}
    weak = Team(rsa.generate_private_key(public_exponent=65537, key_size=1024), "weak").jwk
    other = Team(rsa.generate_private_key(public_exponent=65537, key_size=2048), team.kid).jwk
    bad: list[Any] = [
        weak,
        good | {"kid": "a", "alg": "RS512"},
        good | {"kid": "b", "use": "enc"},
        good | {"kid": "c" * 256},
        good | {"kid": "d", "n": "*"},
        good | {"kid": "e", "e": "Ag"},
        {"kty": "oct", "kid": "f", "k": "c2VjcmV0"},
        {"kid": "g"},
        "h",
        None,
    ]
    found = certs.parse({"keys": [*bad, good, good], "public_cert": {}})
    assert found == {team.kid: {name: good[name] for name in ("kty", "kid", "n", "e")}}
    for document in (
        None,
        [],
        {},
        {"keys": []},
        {"keys": {}},
        {"keys": bad},
        {"keys": [good, other]},
        {"keys": [good] * 21},
    ):
        with pytest.raises(ValueError, match="key"):
            certs.parse(document)
