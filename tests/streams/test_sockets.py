"""Logs and terminals from the real engine to a browser's socket, with a real agent between."""

import asyncio
import os
import time
from typing import Any

import pytest
from asgiref.sync import sync_to_async

from access import sharing
from access.models import Grant
from containers.models import Container
from monitoring import terminals
from monitoring.live import socket as sockets
from monitoring.live import stream_socket
from monitoring.models import Terminal
from tenants.events import Action, Outcome
from tenants.models import AuditEvent, User
from tests.live import described
from tests.live.conftest import Open, share
from tests.parts import slowness
from tests.streams.boxes import Box, boxed
from tests.streams.conftest import eventually, row_of
from tests.streams.screen import Screen
from tests.streams.test_terminals import rest

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


@pytest.fixture
def row(box: Box, tenant, template) -> Container:
    return row_of(box, tenant, template)


@sync_to_async
def attempts(action: Action = Action.TERMINAL_OPEN, **facts: Any) -> list[tuple[str, str, str | None]]:
    found = AuditEvent.objects.filter(action=action, **facts).order_by("at")
    return [(event.actor, event.outcome, event.ip) for event in found]


async def nothing_open() -> bool:
    return not await Terminal.objects.open().aexists()


def path(row: Container, kind: str, **query: Any) -> str:
    return f"/ws/containers/{row.pk}/{kind}/?" + "&".join(f"{name}={value}" for name, value in query.items())


async def test_a_terminal_from_end_to_end(
    agent,
    page: Open,
    owner: User,
    row: Container,
    box: Box,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sockets, "PING", 0.3)
    screen = Screen(await page(owner, path(row, "terminal", columns=90, rows=20)))
    await screen.until(lambda s: s.last.get("type") == "opened")
    record = await Terminal.objects.aget(pk=screen.last["terminal"])
    assert (record.who, record.user_id, record.container_id, record.ended_at) == (owner.email, owner.pk, row.pk, None)
    assert await attempts(detail__terminal=str(record.pk)) == [(owner.email, Outcome.DONE, record.ip)]
    await screen.type(b"stty size; uname\n")
    await screen.until_shown(b"20 90\r\nLinux\r\n")
    await screen.page.say(type="resize", columns=132, rows=43)
    await screen.page.say(type="ping")
    await screen.type(b"stty size; stty raw -echo; printf %s%s REA DY; head -c 100000 | md5sum\n")
    await screen.until_shown(b"43 132\r\n")
    await screen.until_shown(b"READY")
    sent = screen.taken
    for _ in range(0, 100_000, 25_000):
        await screen.type(os.urandom(25_000))
    await screen.until(lambda s: s.taken >= sent + 100_000)
    await screen.until(lambda s: s.shown.rstrip().endswith(b"-") or b"-\r" in s.shown[-60:] or b"-\n" in s.shown[-60:])
    await screen.until(lambda s: "ping" in s.seen)
    await screen.type(b"exit 7\n")
    await screen.until(lambda s: s.last.get("type") == "exit")
    assert screen.last["code"] == 7
    await screen.until(lambda s: s.last == {"closed": 1000})
    address = screen.page.address
    assert screen.seen == described.kinds(address) - {"error"}
    assert described.kinds(address, "client") == {"resize", "ack", "ping"}
    await record.arefresh_from_db()
    assert record.ended_how == "ended"
    await rest(box)


async def test_a_browser_that_acknowledges_each_piece_is_no_flood(
    agent,
    page: Open,
    owner: User,
    row: Container,
    box: Box,
) -> None:
    screen = Screen(await page(owner, path(row, "terminal")))
    await screen.until(lambda s: s.last.get("type") == "opened")
    await screen.type(b"head -c 3000000 /dev/zero | tr '\\0' x; exit\n")
    await screen.until(lambda s: "closed" in s.last, 30)
    assert screen.last == {"closed": 1000}
    assert screen.shown.count(b"x") >= 3_000_000


async def test_a_log_from_end_to_end(
    agent,
    page: Open,
    owner: User,
    tenant,
    template,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sockets, "PING", 0.3)
    talker = boxed("/bin/sh", "-c", "echo out; echo err >&2; head -c 20000 /dev/zero | tr '\\0' x; echo; sleep 1000")
    row = await sync_to_async(row_of)(talker, tenant, template)
    log = await page(owner, path(row, "logs", tail=100))
    seen, lines, restarted = set[str](), [], False
    await log.say(type="ping")
    while not (restarted and len(lines) >= 8 and seen == described.kinds(log.address) - {"error"}):
        message = await log.next()
        seen.add(message["type"])
        if message["type"] == "lines":
            lines += message["lines"]
            await log.say(type="ack", offset=message["to"])
        if len(lines) == 4 and not restarted:
            restarted = True
            await asyncio.to_thread(talker.made.restart, timeout=0)
    assert sorted((line["stream"], line["text"][:3], line["part"]) for line in lines) == sorted(
        [("stdout", "out", False), ("stderr", "err", False), ("stdout", "xxx", True), ("stdout", "xxx", False)] * 2
    )
    latest = max(line["at"] for line in lines)
    later = await page(owner, path(row, "logs", after=latest, follow=0))
    assert (await later.next())["type"] == "opened"
    assert (await later.next()) == {"closed": 1000}
    silent = await sync_to_async(boxed)("/bin/sleep", "1000", log_config={"type": "none"})
    unread = await page(owner, path(await sync_to_async(row_of)(silent, tenant, template), "logs"))
    await unread.until("opened")
    assert (await unread.next())["code"] == "unreadable"
    assert await unread.closed() == 1000


async def test_who_may_not(
    agent,
    page: Open,
    owner: User,
    stranger: User,
    row: Container,
    box: Box,
    settings,
) -> None:
    assert await (await page(stranger, path(row, "terminal"))).closed() == 4404
    assert await (await page(stranger, path(row, "logs"))).closed() == 4404
    grant = await share(row, stranger, "view")
    assert await (await page(stranger, path(row, "logs"))).closed() == 4405
    await eventually(lambda: attempts(Action.LOGS_OPEN))
    assert [each[:2] for each in await attempts(Action.LOGS_OPEN)] == [(stranger.email, Outcome.REFUSED)]
    await Grant.objects.filter(pk=grant.pk).aupdate(permission="operate")
    assert await (await page(stranger, path(row, "terminal"))).closed() == 4405
    log = await page(stranger, path(row, "logs"))
    await log.until("opened")
    await eventually(lambda: attempts(outcome=Outcome.REFUSED))
    assert [who for who, _, _ in await attempts()] == [stranger.email]
    wrong: dict[str, list[dict[str, Any]]] = {
        "terminal": [{"columns": 0}, {"rows": "many"}, {"columns": 10**9}],
        "logs": [{"tail": -1}, {"tail": 10001}, {"after": "2026-11-24T13:56:10.84"}, {"follow": "maybe"}],
    }
    for what, queries in wrong.items():
        for query in queries:
            asked = await page(owner, path(row, what, **query))
            told = await asked.until("error", code="bad_message")
            assert told["detail"].startswith(f"{next(iter(query))} is "), "it names the one that is wrong"
            assert await asked.closed() == 4400
    assert not await Terminal.objects.aexists()


async def test_how_many_at_once(
    agent,
    page: Open,
    owner: User,
    row: Container,
    box: Box,
    settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """However they race: one is counted before the next one is."""
    settings.TERMINALS_PER_PERSON = 3
    screens = [Screen(each) for each in await asyncio.gather(*(page(owner, path(row, "terminal")) for _ in range(6)))]
    await asyncio.gather(*(screen.until(lambda s: {"opened", "error"} & s.seen) for screen in screens))
    assert sorted("opened" in screen.seen for screen in screens) == [False] * 3 + [True] * 3
    for screen in screens:
        if "error" in screen.seen:
            await screen.until(lambda s: s.last == {"closed": 4429})
    assert len(await attempts(outcome=Outcome.REFUSED, reason="terminals_limit")) == 3
    for screen in screens:
        await screen.page.leave()
    await rest(box)
    await eventually(nothing_open)
    monkeypatch.setattr(terminals, "PER_CONTAINER", 0)
    assert await (await page(owner, path(row, "terminal"))).closed() == 4429


async def test_a_revoked_guest_is_out_and_so_is_the_shell(
    agent,
    page: Open,
    owner: User,
    stranger: User,
    row: Container,
    box: Box,
) -> None:
    grant = await share(row, stranger, "shell")
    log, screen = await page(stranger, path(row, "logs")), Screen(await page(stranger, path(row, "terminal")))
    numbers, crowd = await page(stranger), [await page(owner) for _ in range(20)]
    for each in (numbers, *crowd):
        await each.say(type="subscribe", containers=[str(row.pk)])
        await each.until("statistics")
    await log.until("opened")
    await screen.until(lambda s: "opened" in s.seen)
    await screen.type(b"trap '' HUP; sleep 4321\n")
    await screen.until_shown(b"4321")
    began = time.monotonic()
    await sync_to_async(sharing.revoke)(grant, actor=owner)
    assert await log.closed() == await numbers.closed() == 4403
    await screen.until(lambda s: s.last == {"closed": 4403})
    assert time.monotonic() - began < slowness()
    for each in crowd:
        await each.until("statistics")
    await rest(box)
    await eventually(lambda: Terminal.objects.filter(ended_how="revoked").aexists())


async def test_rubbish_closes_its_own_socket_alone(
    agent,
    page: Open,
    owner: User,
    row: Container,
    box: Box,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for kind, own in (("logs", "offset"), ("terminal", "bytes")):
        for message in (
            {"type": "nonsense"},
            {"type": "ack"},
            {"type": "ack", own: -1},
            {"type": "ack", own: 2**60},
            {"type": "ack", own: True},
            {"type": "resize", "columns": 0, "rows": 10},
            {"type": "resize", "columns": 2**31, "rows": "10"},
        ):
            bad = await page(owner, path(row, kind))
            await bad.until("opened")
            await bad.say(**message)
            sent = await bad.socket.receive_output(5)
            while sent["type"] != "websocket.close":
                sent = await bad.socket.receive_output(5)
            assert sent["code"] == 4400, message
    screen = Screen(await page(owner, path(row, "terminal")))
    await screen.until(lambda s: "opened" in s.seen)
    await screen.type(b"stty raw -echo; printf %s%s REA DY; sleep 1000\n")
    await screen.until_shown(b"READY")
    for _ in range(40):  # 1.2 MB, though nothing of it is acknowledged
        await screen.type(bytes(30_000))
    await screen.until(lambda s: s.last == {"closed": 4400})
    monkeypatch.setattr(stream_socket, "PATIENCE", 0.5)
    slow = await page(owner, path(row, "terminal"))
    await slow.until("opened")
    sent = await slow.socket.receive_output(5)
    while sent["type"] != "websocket.close":
        sent = await slow.socket.receive_output(5)
    assert sent["code"] == 4408
    await rest(box)


async def test_without_an_agent(page: Open, owner: User, row: Container, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitoring.live.stream.OPENING", 0.5)
    for kind in ("logs", "terminal"):
        assert await (await page(owner, path(row, kind))).closed() == 4503
    await eventually(nothing_open)
