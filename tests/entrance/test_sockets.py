"""A socket of a session that Access vouched for counts with an assertion, and for no longer than that one."""

import datetime
import time
from collections.abc import Callable
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.conf import settings as django_settings
from django.test import Client

from cloudflare.entrance import keys
from cloudflare.entrance.middleware import BESIDE
from cloudflare.models import SigningKey
from tenants import doorbell
from tenants.models import User
from tests.entrance.conftest import HEADER, TEAM, Front, Team, who
from tests.live.conftest import Open, page

__all__ = ["page"]  # a fixture

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
ALICE, BOB = "alice@example.com", "bob@example.com"
FOREVER = datetime.datetime(2100, 1, 1, tzinfo=datetime.UTC)


@pytest.fixture
def sign(front: Front, team: Team) -> Callable[..., str]:
    """An assertion that counts, with claims of the test's own."""
    SigningKey.objects.create(team=TEAM, kid=team.kid, jwk=team.jwk, seen_at=FOREVER)
    return lambda **claims: team.sign(front.audience, **claims)


@sync_to_async
def session(assertion: str = "", person: User | None = None, **facts: str) -> str:
    """The cookie of a session that began by an assertion, or with a password."""
    client = Client()
    if person:
        client.force_login(person)
        kept = client.session
        kept.update(facts)
        kept.save()
    else:
        assert who(client, assertion)
    return f"{django_settings.SESSION_COOKIE_NAME}={client.cookies[django_settings.SESSION_COOKIE_NAME].value}"


async def opens(page: Open, cookie: str, assertion: str = "") -> bool:
    """Whether they are greeted; else they are told that they are not signed in."""
    theirs = await page(None, cookie=cookie, **{HEADER.lower(): assertion})
    said = await theirs.next()
    if said["type"] == "hello":
        return True
    assert said["code"] == "signed_out"
    assert await theirs.closed() == 4401
    return False


async def test_whom_access_vouched_for(
    sign: Callable[..., str], page: Open, settings: Any, monkeypatch: pytest.MonkeyPatch, team: Team
) -> None:
    rung: list[tuple[str, str]] = []
    monkeypatch.setattr(doorbell, "send", lambda task, pk: rung.append((task, pk)))
    cookie = await session(sign())
    assert await opens(page, cookie, sign())
    assert not await opens(page, cookie)
    assert not await opens(page, cookie, "rubbish")
    assert not await opens(page, cookie, sign(email=BOB))
    assert not await opens(page, cookie, sign(aud=["another"]))
    assert not await opens(page, cookie, sign(exp=int(time.time()) - 60))
    assert rung == []
    stranger = Team(team.private, "unknown")
    assert not await opens(page, cookie, stranger.sign(settings.ACCESS_AUDIENCE))
    assert rung == [(keys.REFRESH, TEAM)]
    assert await opens(page, cookie, sign())
    await User.objects.filter(email=ALICE).aupdate(is_staff=True)  # whom Access may not vouch for here
    assert not await opens(page, cookie, sign())
    await User.objects.filter(email=ALICE).aupdate(is_staff=False)
    assertion, settings.ACCESS_AUDIENCE = sign(), ""
    assert not await opens(page, cookie, assertion)


async def test_it_ends_with_the_assertion(sign: Callable[..., str], page: Open, owner: User) -> None:
    """Of a session with a password it does not."""
    short = sign(exp=int(time.time()) + 2)
    by_access, by_password = await session(short), await session(person=owner)
    theirs = await page(None, cookie=by_access, **{HEADER.lower(): short})
    own = await page(None, cookie=by_password, **{HEADER.lower(): short})
    for each in (theirs, own):
        await each.until("hello")
    assert await theirs.closed() == 4401
    await own.say(type="ping")
    await own.until("pong")


async def test_whose_session_began_with_a_password(sign: Callable[..., str], page: Open, owner: User) -> None:
    cookie = await session(person=owner)
    assert await opens(page, cookie)
    assert await opens(page, cookie, sign())
    assert await opens(page, cookie, "rubbish")
    assert not await opens(page, cookie, sign(email=BOB))
    beside = await session(person=owner, **{BESIDE: BOB})
    assert await opens(page, beside, sign(email=BOB))
    assert not await opens(page, beside, sign(email="carol@example.com"))
