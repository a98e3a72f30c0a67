"""Who may open a socket: pages of ours by cookie, front ends by ticket."""

import asyncio

import pytest
from asgiref.sync import sync_to_async
from rest_framework.test import APIClient

from monitoring.live import tickets
from tenants.models import ApiToken, Scope, User
from tests.live.conftest import Open, Page

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


@sync_to_async
def ticket(user: User, scope: str = Scope.WRITE) -> tuple[str, ApiToken]:
    row, token = ApiToken.objects.create(user=user, scope=scope)
    answer = APIClient().post("/api/v1/ws-ticket/", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 201, answer.content
    assert answer.json()["expires_in"] == 30
    return answer.json()["ticket"], row


async def test_nobody_gets_a_word(page: Open) -> None:
    theirs = await page(None)
    assert (await theirs.next())["code"] == "signed_out"
    assert await theirs.closed() == 4401


async def test_a_cookie_counts_from_our_own_pages_alone(page: Open, owner: User) -> None:
    await (await page(owner)).until("hello")
    for origin in ("", "https://evil.example", "http://testserver:81", "http://testserver.evil.example", "null"):
        theirs = await sync_to_async(Page)("/ws/containers/", owner, origin=origin)
        accepted, _ = await theirs.socket.connect()
        assert not accepted, origin


async def test_a_ticket_opens_one_socket(page: Open, owner: User) -> None:
    given, token = await ticket(owner)
    path = f"/ws/containers/?ticket={given}"
    mine = await page(None, path, origin="https://front.example")
    assert (await mine.next())["user"] == owner.email
    again = await page(None, path)
    assert await again.closed() == 4401
    await sync_to_async(token.delete)()
    assert await mine.closed() == 4401


async def test_tickets_run_out(page: Open, owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tickets, "SECONDS", 1)
    given = tickets.issue(owner)
    await (await page(None, "/ws/containers/?ticket=never-was")).until("closed", closed=4401)
    await asyncio.sleep(1.1)
    await (await page(None, f"/ws/containers/?ticket={given}")).until("closed", closed=4401)


async def test_a_ticket_does_not_outlive_what_it_was_asked_with(page: Open, owner: User) -> None:
    given, token = await ticket(owner, Scope.READ)
    await sync_to_async(token.delete)()
    await (await page(None, f"/ws/containers/?ticket={given}")).until("closed", closed=4401)


async def test_there_is_no_socket_elsewhere(page: Open, owner: User) -> None:
    theirs = await sync_to_async(Page)("/ws/elsewhere/", owner)
    accepted, _ = await theirs.socket.connect()
    assert not accepted
