"""How often sockets may be opened, and how often it is on record that one may not."""

import secrets
from typing import Any

import pytest
from asgiref.sync import sync_to_async

from access.models import Grant
from config import throttling
from containers.models import Container
from tenants.events import Action, Outcome
from tenants.models import AuditEvent, Scope, User
from tests.live.conftest import Open
from tests.live.test_visitors import ticket

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


@pytest.fixture
def rate(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two a minute, of people and addresses whom nobody has counted yet."""
    settings.SOCKET_RATE, settings.TRUSTED_PROXIES = "2/60", ["127.0.0.1"]
    run, counted = secrets.token_hex(4), throttling.RateLimitItemPerSecond
    monkeypatch.setattr(
        throttling, "RateLimitItemPerSecond", lambda amount, seconds, name: counted(amount, seconds, f"{name}-{run}")
    )


async def test_a_person_opens_so_many_a_minute(rate: None, page: Open, owner: User, stranger: User) -> None:
    for _ in range(2):
        await (await page(owner)).until("hello")
    theirs = await page(owner)
    assert (await theirs.next())["code"] == "too_many"
    assert await theirs.closed() == 4429
    await (await page(stranger)).until("hello")


async def test_an_address_opens_so_many_a_minute(rate: None, page: Open) -> None:
    """Whoever they say they are; and nobody is looked for any more. Of IPv6, a whole network is one."""
    for here in ("192.0.2.7", "2001:db8::7"):
        closed = [await (await page(None, **{"x-forwarded-for": here})).closed() for _ in range(11)]
        assert closed == [4401] * 10 + [4429]
    assert await (await page(None, **{"x-forwarded-for": "2001:db8::8"})).closed() == 4429
    assert await (await page(None, **{"x-forwarded-for": "192.0.2.8"})).closed() == 4401


def test_without_redis_or_a_limit_any_number_may(rate: None, settings: Any) -> None:
    assert [throttling.admits_socket("1", None) for _ in range(3)] == [True, True, False]
    settings.REDIS_URL = "unix:///nowhere/sockets.sock"
    assert all(throttling.admits_socket("1", None) for _ in range(3))
    settings.SOCKET_RATE = ""
    assert all(throttling.admits_socket("", "192.0.2.9") for _ in range(3))


async def test_refused_terminals_are_on_record_once_in_a_while(
    page: Open, owner: User, stranger: User, box: Container
) -> None:
    path = f"/ws/containers/{box.pk}/terminal/"
    grant = Grant(container=box, email=stranger.email, permission="view", granter=owner.email)
    await sync_to_async(grant.save)()
    for _ in range(3):
        given, _ = await ticket(owner, Scope.READ)
        theirs, reads_only = await page(stranger, path), await page(None, f"{path}?ticket={given}")
        assert await theirs.closed() == 4405
        assert await reads_only.closed() == 4405
    await (await page(owner)).until("hello")
    refused = AuditEvent.objects.filter(action=Action.TERMINAL_OPEN, outcome=Outcome.REFUSED)
    assert sorted([event.actor async for event in refused]) == sorted([owner.email, stranger.email])
