"""`/ws/containers/`: what it tells, and to whom."""

import uuid
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from autobahn.exception import Disconnected

from access.models import Grant
from containers import conditions, observed
from containers.models import Condition, Container, ContainerStatus
from monitoring.live import hub, outbox, socket, told, wire
from tenants.models import Tenant, User
from tests.live import described
from tests.live.conftest import NUMBERS, FakeAgent, Open, make_box, share

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)

AT = "2026-11-24T12:00:00Z"


async def test_what_is_told_of_a_container(
    page: Open, owner: User, box: Container, agent: FakeAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "AWAY", 1.0)
    mine = await page(owner)
    hello = await mine.next()
    assert hello == {"type": "hello", "version": 1, "user": owner.email, "window": 32}
    assert await mine.next() == {"type": "measuring", "measuring": True}
    assert await mine.next() == {"type": "measuring", "measuring": False}
    await agent.here()
    assert await mine.next() == {"type": "measuring", "measuring": True}
    await mine.say(type="subscribe", containers=[str(box.pk)])
    subscribed = await mine.next()
    assert subscribed["type"] == "subscribed"
    assert {"view", "shell", "delete"} <= set(subscribed["permissions"])
    told = {message["type"]: message for message in [await mine.next() for _ in range(3)]}
    assert told.keys() == {"state", "steps", "grants"}
    assert told["state"]["lifecycle"] == "queued"
    assert told["grants"]["grants"] == []
    web = await agent.leased(box)
    await agent.statistics(web, AT, box, cpu=12.5)
    numbers = await mine.next()
    assert numbers == {
        "type": "statistics",
        "sampled_at": AT,
        "containers": {str(box.pk): {**NUMBERS, "cpu_percent": 12.5}},
    }

    @sync_to_async
    def run() -> None:
        ContainerStatus.objects.filter(container=box).update(state="running", observed_generation=1)
        observed.tell(box.pk)

    await run()
    assert (await mine.next())["lifecycle"] == "running"
    await sync_to_async(observed.tell)(box.pk)
    assert await mine.silent(), "nothing had changed"
    await mine.say(type="unsubscribe", containers=[str(box.pk)])
    assert (await mine.next())["reason"] == "asked"
    await agent.leased()
    await mine.say(type="ping")
    assert await mine.next() == {"type": "pong"}


async def test_each_socket_is_told_of_its_own_containers(
    page: Open, owner: User, stranger: User, box: Container, tenant: Tenant, agent: FakeAgent
) -> None:
    other = await sync_to_async(make_box)(tenant, "other")
    await share(box, stranger)
    mine, theirs = await page(owner), await page(stranger)
    await mine.say(type="subscribe", containers=[str(box.pk), str(other.pk)])
    await theirs.say(type="subscribe", containers=[str(box.pk), str(other.pk), str(uuid.uuid4())])
    for _ in range(2):
        assert (await theirs.until("unsubscribed"))["reason"] == "not_found"
    state = await theirs.until("state")
    assert state["container"] == str(box.pk)
    assert {condition["message"] for condition in state["conditions"]} <= {""}
    await mine.until("subscribed", container=str(other.pk))
    web = await agent.leased(box, other)
    await agent.statistics(web, AT, box, other)
    assert set((await mine.until("statistics"))["containers"]) == {str(box.pk), str(other.pk)}
    while (message := await theirs.next())["type"] != "statistics":
        assert message["type"] == "steps", "a guest who may not share is told of no grants"
    assert set(message["containers"]) == {str(box.pk)}


async def test_a_slow_browser_gets_the_newest(
    page: Open, owner: User, box: Container, agent: FakeAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = await page(owner)
    await mine.say(type="subscribe", containers=[str(box.pk)])
    await mine.until("grants")
    web = await agent.leased(box)
    room = outbox.WINDOW - mine.received
    for number in range(room + 5):
        await agent.statistics(web, AT, box, cpu=float(number))
    for number in range(room):
        assert (await mine.until("statistics"))["containers"][str(box.pk)]["cpu_percent"] == number
    assert await mine.silent()
    await mine.say(type="ack", received=mine.received)
    assert (await mine.next())["containers"][str(box.pk)]["cpu_percent"] == room + 4
    assert await mine.silent(0.1), "what a newer one replaced is gone"
    monkeypatch.setattr(outbox, "PATIENCE", 0.5)
    for number in range(outbox.WINDOW + 1):
        await agent.statistics(web, AT, box, cpu=float(number))
    assert await mine.closed() == 4408


async def test_every_message_that_is_described_is_sent(
    page: Open, owner: User, stranger: User, box: Container, agent: FakeAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`Page.next` holds each against `docs/websockets.md`; here all of them come by."""
    monkeypatch.setattr(socket, "PING", 0.5)
    await share(box, stranger, seconds=600)
    await sync_to_async(Condition.objects.bulk_create)(conditions.blank(box, {}))
    mine, seen = await page(owner), set[str]()
    await mine.say(type="subscribe", containers=[str(box.pk), str(uuid.uuid4())])
    web = await agent.leased(box)
    await agent.statistics(web, AT, box)
    event = {"type": "event", "container": str(box.pk), "at": AT, "event": "died", "exit_code": 137}
    await agent.link.tell(wire.WEBS, event)
    await mine.say(type="ping")
    awaited = described.kinds("/ws/containers/") - {"error"}
    while seen != awaited:
        message = await mine.next()
        seen.add(message["type"])
    said: dict[str, dict[str, Any]] = {
        "subscribe": {"containers": [str(box.pk)]},
        "unsubscribe": {"containers": [str(box.pk)]},
        "ack": {"received": 3},
        "ping": {},
    }
    assert said.keys() == described.kinds("/ws/containers/", "client")
    for kind, facts in said.items():
        described.check("/ws/containers/", {"type": kind, **facts}, "client")
        await mine.say(type=kind, **facts)
    await mine.until("unsubscribed", container=str(box.pk), reason="asked")
    await mine.say(type="nonsense")
    await mine.until("error")


async def test_what_fails_for_one_is_nothing_to_the_others(
    page: Open, owner: User, box: Container, agent: FakeAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A browser that goes while it is told, and a socket with a fault."""
    gone, faulty, well = await page(owner), await page(owner), await page(owner)
    for each in (gone, faulty, well):
        await each.say(type="subscribe", containers=[str(box.pk)])
        await each.until("grants")
    web = await agent.leased(box)
    ends = {each.scope["client"]: each for each in (await hub.current()).sockets}
    monkeypatch.setattr(ends[gone.client_end], "base_send", _disconnected)
    monkeypatch.setattr(ends[faulty.client_end], "numbers", _broken)
    await agent.statistics(web, AT, box)
    assert (await well.until("statistics"))["sampled_at"] == AT
    assert await faulty.closed() == 4503
    await sync_to_async(ContainerStatus.objects.filter(container=box).update)(state="running", observed_generation=1)
    await sync_to_async(observed.tell)(box.pk)
    assert (await well.until("state"))["lifecycle"] == "running"


async def _disconnected(message: Any) -> None:
    raise Disconnected("Attempt to send on a closed protocol")


async def _broken(*args: Any) -> None:
    raise ValueError("a fault")


async def test_what_waits_is_no_more_than_may_be_known(
    page: Open, owner: User, stranger: User, box: Container, agent: FakeAgent
) -> None:
    """Lowered from *manage* to *view* while the browser is slow: whom else it is shared with waits for it no more."""
    grant = await share(box, stranger, "manage")
    theirs = await page(stranger)
    await theirs.say(type="subscribe", containers=[str(box.pk)])
    await theirs.until("grants")
    web = await agent.leased(box)
    for _ in range(outbox.WINDOW - theirs.received):
        await agent.statistics(web, AT, box)
        await theirs.until("statistics")
    await share(box, owner, "view")
    await sync_to_async(told.tell)("seen", [str(box.pk)])
    assert await theirs.silent()
    await sync_to_async(Grant.objects.filter(pk=grant.pk).update)(permission="view")
    await sync_to_async(told.tell)("containers", [str(box.pk)])
    assert await theirs.silent()
    await theirs.say(type="ack", received=theirs.received)
    kinds = []
    while (message := await theirs.next())["type"] != "steps":
        kinds.append(message["type"])
    assert kinds[0] == "subscribed"
    assert "grants" not in kinds
    assert await theirs.silent()
