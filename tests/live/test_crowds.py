"""What browsers ask for, and what goes wrong in one socket, holds up nobody's end and is left lying nowhere."""

import asyncio
import threading
import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from asgiref.sync import sync_to_async

from access import sharing
from access.models import Grant
from containers.models import Container
from monitoring import terminals
from monitoring.live import hub, review
from monitoring.live.containers import ContainersSocket
from monitoring.live.database import REVIEWS, in_database
from monitoring.live.hub import Hub
from monitoring.live.link import Link, Message
from monitoring.live.socket import LiveSocket
from tenants.models import User
from tests.agent.conftest import until
from tests.live.conftest import FakeAgent, Open, Page, share

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


@pytest_asyncio.fixture
async def guest(page: Open, stranger: User, box: Container) -> Page:
    """A page of somebody whom one container is shared with."""
    await share(box, stranger)
    made: Page = await page(stranger)
    await made.say(type="subscribe", containers=[str(box.pk)])
    await made.until("steps")
    return made


@sync_to_async
def revoke(by: User) -> None:
    sharing.revoke(Grant.objects.get(), actor=by)


async def crowd(page: Open, person: User, count: int) -> None:
    for made in [await page(person) for _ in range(count)]:
        await made.until("hello")  # by then the hub has it


def ask_for_unknown(found: Hub, person: User, each: int) -> list[ContainersSocket]:
    """Their sockets, of which each asks for so many; as many browsers do at the same time with fewer."""
    asking = [socket for socket in found.sockets if socket.visitor.user == person]
    for socket in asking:
        assert isinstance(socket, ContainersSocket)
        socket._pending = {str(uuid.uuid4()) for _ in range(each)}
        socket._settle()
    return asking  # type: ignore[return-value]


async def test_more_than_one_statement_takes_is_asked_about_all_the_same(
    page: Open, owner: User, guest: Page, caplog: pytest.LogCaptureFixture
) -> None:
    await crowd(page, owner, 7)
    found = await hub.current()
    found.doubt(ask_for_unknown(found, owner, 10_000))
    await revoke(owner)
    assert await guest.closed() == 4403
    assert not [record for record in caplog.records if record.exc_info]


async def test_who_is_to_be_out_does_not_wait_for_what_others_ask(
    page: Open, owner: User, guest: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(review, "MOST", 100)
    await crowd(page, owner, 6)
    found, free = await hub.current(), threading.Event()
    waiting: list[int] = []  # of those that ask, when the guest's socket goes
    drop = found.drop
    blocked = asyncio.create_task(in_database(free.wait, 10, threads=REVIEWS))
    asking = ask_for_unknown(found, owner, 100)

    def noted(socket: LiveSocket) -> None:
        waiting.append(sum(bool(each._pending) for each in asking))
        drop(socket)

    monkeypatch.setattr(found, "drop", noted)
    for socket in asking:
        found.ask(socket)
    await asyncio.sleep(0.2)  # by now the first is asked about
    await revoke(owner)
    await until(lambda: found._review._doubted)  # the hub has heard of it
    free.set()
    assert await guest.closed() == 4403
    assert waiting[0] >= len(asking) - 1
    await blocked
    await until(lambda: not any(each._pending for each in asking))


async def test_everybody_is_asked_about_again_however_much_changes(
    guest: Page, box: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was told while Redis was away is made up for, on a busy day as well."""
    monkeypatch.setattr(hub, "RECHECK", 0.5)
    found = await hub.current()

    async def busy() -> None:
        while True:
            found.refresh([str(box.pk)])
            await asyncio.sleep(0.005)

    working = asyncio.create_task(busy())
    try:
        await sync_to_async(Grant.objects.all()._raw_delete)("default")  # and nobody hears of it
        assert await guest.closed() == 4403
    finally:
        working.cancel()


async def test_an_agent_is_asked_for_what_may_be_seen(
    page: Open, owner: User, box: Container, agent: FakeAgent
) -> None:
    mine, free = await page(owner), threading.Event()
    blocked = asyncio.create_task(in_database(free.wait, 10, threads=REVIEWS))
    await mine.say(type="subscribe", containers=[str(box.pk), str(uuid.uuid4())])
    await mine.silent(0.5)
    assert {len(lease["containers"]) for lease in agent.leases} <= {0}
    free.set()
    await agent.leased(box)
    await blocked


async def test_a_socket_that_fails_is_left_behind_nowhere(
    owner: User, box: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server closes it then, and says so to nobody."""

    async def fails(socket: ContainersSocket, message: Any) -> None:
        raise RuntimeError("a mistake")

    mine = await (await sync_to_async(Page)("/ws/containers/", owner)).open()
    await mine.until("hello")
    found = await hub.current()
    assert found.sockets
    monkeypatch.setattr(ContainersSocket, "heard", fails)
    await mine.say(type="subscribe", containers=[str(box.pk)])
    with pytest.raises(RuntimeError):
        await mine.socket.wait(5)
    assert not found.sockets
    await found.close()


async def test_a_stream_that_can_not_be_asked_for_is_told(
    page: Open, owner: User, box: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By whatever mistake: a socket that stays open and says nothing helps nobody."""

    def fails(*args: Any, **facts: Any) -> None:
        raise RuntimeError("a mistake")

    monkeypatch.setattr(terminals, "begin", fails)
    shell = await page(owner, f"/ws/containers/{box.pk}/terminal/")
    assert await shell.closed() == 4503


@pytest.fixture
def slow_redis(monkeypatch: pytest.MonkeyPatch) -> None:
    """It passes on what it is told before it says so."""
    tell = Link.tell

    async def later(link: Link, group: str, message: Message) -> bool:
        told = await tell(link, group, message)
        if message["type"] == "stream.open":
            await asyncio.sleep(0.5)
        return told

    monkeypatch.setattr(Link, "tell", later)


async def test_an_agent_that_is_quicker_than_redis(
    page: Open, owner: User, box: Container, agent: FakeAgent, slow_redis: AsyncIterator[None]
) -> None:
    shell = await page(owner, f"/ws/containers/{box.pk}/terminal/")
    await shell.until("opened")
    await shell.socket.send_to(bytes_data=b"ls\n")
    await agent.has_typed(b"ls\n")
