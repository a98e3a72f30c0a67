"""`/ws/containers/`: whom it is closed to, and when: who lost their right, who sends rubbish, who asks too much."""

import json
import uuid
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import transaction
from django.utils import timezone

from access import sharing
from containers.models import Container
from monitoring.live import socket
from tenants.models import Tenant, User
from tests.live.conftest import Open, make_box, put_out, share
from tests.parts import slowness

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


@pytest.mark.parametrize("how", ["revoked", "expired", "shut", "suspended"])
async def test_a_guest_is_out_at_once(
    page: Open, owner: User, stranger: User, box: Container, tenant: Tenant, how: str
) -> None:
    theirs, mine = await page(stranger), await page(owner)
    for each in (theirs, mine):
        await each.until("hello")
    grant = await share(box, stranger, seconds=3 if how == "expired" else 600)  # not sooner: it is to be subscribed to
    for each in (theirs, mine):
        await each.say(type="subscribe", containers=[str(box.pk)])
        await each.until("state")
    began = timezone.now()

    @sync_to_async
    def end() -> None:
        if how == "revoked":
            sharing.revoke(grant, actor=owner)
        elif how == "shut":
            stranger.is_active = False
            with transaction.atomic():
                stranger.save()
        elif how == "suspended":
            tenant.suspended_at = timezone.now()
            tenant.save()

    await end()
    code = await theirs.closed()
    assert code == (4401 if how == "shut" else 4403)
    assert timezone.now() - began < timedelta(seconds=3.2 * (how == "expired") + slowness())
    await mine.say(type="ping")
    await mine.until("pong")


async def test_what_is_left_goes_on(page: Open, owner: User, stranger: User, box: Container, tenant: Tenant) -> None:
    other = await sync_to_async(make_box)(tenant, "other")
    grant, _ = await share(box, stranger), await share(other, stranger)
    theirs = await page(stranger)
    await theirs.say(type="subscribe", containers=[str(box.pk), str(other.pk)])
    await theirs.until("steps", container=str(other.pk))
    await sync_to_async(sharing.revoke)(grant, actor=owner)
    assert (await theirs.until("unsubscribed"))["reason"] == "revoked"
    await theirs.say(type="ping")
    await theirs.until("pong")


@pytest.mark.parametrize("how", ["signed out", "password", "removed", "deleted"])
async def test_a_member_is_out_at_once(page: Open, owner: User, box: Container, tenant: Tenant, how: str) -> None:
    mine = await page(owner)
    await mine.say(type="subscribe", containers=[str(box.pk)])
    await mine.until("grants")

    await put_out(owner, box, how, mine)
    assert await mine.closed() == {"removed": 4403, "deleted": 4409}.get(how, 4401)


RUBBISH = [
    "no json",
    "[]",
    '{"type": 1}',
    '{"type": "dance"}',
    '{"type": "subscribe"}',
    '{"type": "subscribe", "containers": []}',
    '{"type": "subscribe", "containers": "all"}',
    '{"type": "subscribe", "containers": [1]}',
    '{"type": "subscribe", "containers": ["\\u0000"]}',
    '{"type": "ack", "received": 99}',
    '{"type": "ack", "received": -1}',
    '{"type": "ack", "received": true}',
    '{"type": "ack", "received": 1e99}',
    "[" * 10_000,
    json.dumps({"type": "ping", "more": "x" * 20_000}),
]


async def test_rubbish_closes_the_socket_that_sent_it(page: Open, owner: User) -> None:
    other = await page(owner)
    for text in RUBBISH:
        mine = await page(owner)
        await mine.socket.send_to(text_data=text)
        assert (await mine.until("error"))["code"] == "bad_message", text
        assert await mine.closed() == 4400
    mine = await page(owner)
    await mine.socket.send_to(bytes_data=b"\x00")
    await mine.until("error", code="bad_message")
    await other.say(type="ping")
    await other.until("pong")


async def test_a_flood_closes_the_socket_that_sent_it(page: Open, owner: User) -> None:
    mine, other = await page(owner), await page(owner)
    for _ in range(400):
        await mine.say(type="ping")
    assert await mine.closed() == 4429
    await other.say(type="ping")
    await other.until("pong")


async def test_one_person_has_so_many(page: Open, owner: User, stranger: User, settings: Any) -> None:
    settings.SOCKETS_PER_PERSON = 2
    first, second = await page(owner), await page(owner)
    for each in (first, second):
        await each.until("hello")  # accepted is not yet counted, and who is counted first has the seat
    third = await page(owner)
    assert await third.closed() == 4429
    await (await page(stranger)).until("hello")
    await first.socket.disconnect()
    await (await page(owner)).until("hello")


async def test_who_asks_for_anything_is_bounded(page: Open, owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ids of nothing, by the thousand, and nothing acknowledged."""
    monkeypatch.setattr(socket, "BURST", 1000.0)
    mine = await page(owner)
    for _ in range(40):
        ids = [str(uuid.uuid4()) for _ in range(200)]
        await mine.say(type="subscribe", containers=ids)
        await mine.say(type="unsubscribe", containers=ids)
    assert await mine.closed() in {4408, 4429}
