"""Terminals from the real engine to a web process, which a test plays."""

import asyncio
import hashlib
import os
import random
import time
from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from monitoring import agent as agents
from monitoring import terminals
from monitoring.agent import execs
from monitoring.live import link, wire
from monitoring.models import Terminal as Row
from tenants.events import Action
from tenants.models import AuditEvent
from tests.streams.boxes import Box, boxed
from tests.streams.conftest import Shells, eventually, plain
from tests.streams.web import Heard

QUIET = b"stty raw -echo; "


def at_rest(box: Box) -> bool:
    """Nothing of ours runs in it any more."""
    box.made.reload()
    running = [found for found in box.made.attrs["ExecIDs"] or () if box.made.client.api.exec_inspect(found)["Running"]]
    return not running and len(box.processes()) == 2  # the container's own, and its init


async def rest(box: Box, seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not at_rest(box):
        assert time.monotonic() < deadline, box.processes()
        await asyncio.sleep(0.05)


def ended(terminal: Heard) -> str:
    assert terminal.row is not None
    plain(terminal.row.refresh_from_db)
    return terminal.row.ended_how if terminal.row.ended_at else "open"


async def test_a_shell_its_size_and_its_end(shells: Shells, box: Box) -> None:
    terminal = await shells.open(box, columns=101, rows=31)
    await terminal.type(b"uname -s; stty size; echo $TERM-$$\n")
    plain(terminal.row.refresh_from_db)
    await terminal.until_shown(b"Linux\r\n31 101\r\nxterm-256color-%d\r\n" % terminal.row.pid)
    assert not terminal.data.startswith(b"%d" % terminal.row.pid)
    assert (ended(terminal), terminal.row.exec_id in box.made.client.api.inspect_container(box.name)["ExecIDs"]) == (
        "open",
        True,
    )
    await terminal.say("stream.resize", columns=132, rows=50)
    await terminal.type(b"\x10\x11stty size; exit 7\n")  # ^P^Q: with which the docker command leaves
    await terminal.until_shown(b"50 132\r\n")
    over = await terminal.until_over()
    assert (over["code"], over["exit_code"], ended(terminal)) == ("ended", 7, "ended")
    (event,) = plain(lambda: list(AuditEvent.objects.filter(action=Action.TERMINAL_CLOSE)))
    assert event.detail == {"terminal": str(terminal.row.pk), "who": shells.owner.email, "how": "ended"}
    assert (event.target_id, event.tenant_id) == (str(box.pk), str(shells.containers[box.pk].tenant_id))
    await rest(box)


async def test_ten_megabytes_and_any_byte_either_way(shells: Shells, box: Box) -> None:
    terminal = await shells.open(box, eager=False)
    await terminal.type(
        QUIET + b"printf %s%s REA DY; head -c 10000000 /dev/zero | tr '\\0' x; printf %s%s REA DY; cat | md5sum\n"
    )
    await terminal.until(lambda s: len(s.data) >= wire.OUTPUT_WINDOW)
    await asyncio.sleep(0.2)
    assert len(terminal.data) <= wire.OUTPUT_WINDOW + wire.CHUNK
    terminal.eager = True
    await terminal.ack(terminal.inflow.taken)
    await terminal.until(lambda s: s.data.endswith(b"READY") and len(s.data) > 10_000_000, 20)
    assert terminal.data.count(b"x") >= 10_000_000
    await shells.web.streams[terminal.id].say("stream.close")
    assert (await terminal.until_over())["code"] == "closed"

    garbage = random.Random(5).randbytes(100_000)
    other = await shells.open(box)
    await other.type(QUIET + b"printf %s%s REA DY; head -c 100000 | tee /tmp/got | md5sum; head -c 50000 /tmp/got\n")
    await other.until_shown(b"READY")
    await other.type(garbage)
    await other.until_shown(hashlib.md5(garbage).hexdigest().encode())
    await other.until_shown(garbage[:50_000])
    await other.say("stream.close")
    await other.until_over()
    await rest(box)


async def test_a_paste_waits_for_a_program_that_does_not_read(shells: Shells, box: Box) -> None:
    terminal = await shells.open(box)
    await terminal.type(QUIET + b"printf %s%s REA DY; sleep 1; wc -c </dev/stdin\n")
    await terminal.until_shown(b"READY")
    paste = asyncio.create_task(terminal.type(bytes(2_000_000)))
    await asyncio.sleep(0.3)
    assert not paste.done()
    assert terminal.outflow.outstanding <= wire.INPUT_WINDOW + wire.CHUNK
    await asyncio.wait_for(paste, 10)
    await terminal.say("stream.close")
    await terminal.until_over()
    assert ended(terminal) == "closed"
    await rest(box)


async def test_twenty_at_once(shells: Shells, box: Box) -> None:
    terminals = await asyncio.gather(*(shells.open(box) for _ in range(20)))
    for n, terminal in enumerate(terminals):
        await terminal.type(b"echo $((%d * 7919))\n" % n)
    for n, terminal in enumerate(terminals):
        await terminal.until_shown(b"\n%d\r\n" % (n * 7919))
    for terminal in terminals:
        await terminal.say("stream.close")
    for terminal in terminals:
        assert (await terminal.until_over())["code"] == "closed"
    await rest(box)
    assert not plain(Row.objects.open().exists)


async def test_what_does_not_want_to_end(shells: Shells, box: Box) -> None:
    terminal = await shells.open(box)
    await terminal.type(b"trap '' HUP TERM INT; sh -c 'trap \"\" HUP; echo DEAF; while :; do sleep 1; done'\n")
    await terminal.until_shown(b"DEAF\r\n")
    shells.web.renews = False
    await shells.web.lease()
    await asyncio.sleep(0)
    await terminal.say("stream.close", reason="revoked")
    assert (await terminal.until_over())["code"] == "revoked"
    assert ended(terminal) == "revoked"
    await rest(box)


async def test_an_idle_one_is_closed(shells: Shells, box: Box, settings) -> None:
    settings.TERMINAL_IDLE_SECONDS = 1.0
    busy, idle = await asyncio.gather(shells.open(box), shells.open(box))
    await busy.type(b"while :; do echo .; sleep 0.3; done\n")
    assert (await idle.until_over())["code"] == "idle"
    assert busy.closed is None
    settings.TERMINAL_IDLE_SECONDS = 900
    assert ended(idle) == "idle"
    await busy.say("stream.close")
    await busy.until_over()
    await rest(box)


async def test_why_there_is_none(shells: Shells, box: Box) -> None:
    shut = boxed("/bin/sh", "-c", "rm -f /bin/sh; exec busybox sleep 1000", user="0")
    await eventually(lambda: shut.made.exec_run("/bin/sh -c :").exit_code)
    found = await shells.open(shut)
    assert found.closed["code"] == "no_shell"
    assert ended(found) == "no_shell"
    shut.made.pause()
    assert (await shells.open(shut)).closed["code"] == "not_running"
    shut.made.unpause()
    shut.made.kill()
    assert (await shells.open(shut)).closed["code"] == "not_running"
    shut.made.remove(force=True)
    assert (await shells.open(shut)).closed["code"] == "absent"
    assert not plain(Row.objects.open().exists)


async def test_one_row_is_one_shell(shells: Shells, box: Box) -> None:
    terminal = await shells.open(box)
    second = await shells.web.open("terminal", box, terminal=str(terminal.row.pk), columns=80, rows=24)
    assert second.closed["code"] == "closed"
    assert ended(terminal) == "open"
    await terminal.say("stream.close")
    await terminal.until_over()
    await rest(box)


async def test_the_container_ends(shells: Shells) -> None:
    box = boxed("/bin/sleep", "1000")
    terminal = await shells.open(box)
    box.made.kill()
    over = await terminal.until_over()
    assert over["code"] == "ended"
    assert ended(terminal) == "ended"


async def test_an_agent_that_ends_takes_its_shells_along(
    shells: Shells, box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And says goodbye; that it is here, no more from the first."""
    monkeypatch.setattr(wire, "HERE", 0.02)
    # What is asked is what it does, and not how much of the machine it gets meanwhile.
    for where, name in ((agents, "GRACE"), (agents, "GOODBYE"), (link, "PATIENCE")):
        monkeypatch.setattr(where, name, 30.0)
    terminals = await asyncio.gather(*(shells.open(box) for _ in range(10)))
    stopped_at = time.time()
    shells.streams.agent.stop()
    late = await shells.web.open("logs", box, opened=False)
    for terminal in terminals:
        assert (await terminal.until_over())["code"] == "closed"
    await eventually(lambda: any(message["type"] == "agent.gone" for message in shells.web.heard))
    said = [message["at"] for message in shells.web.heard if message["type"] == "agent.here"]
    assert said, "while it was"
    assert len([at for at in said if at > stopped_at]) < 2, "one may have been under way"
    assert late.id not in shells.streams.open
    await rest(box)
    assert not plain(Row.objects.open().exists)


@pytest.mark.parametrize("known", [True, False])
async def test_what_another_agent_left(shells: Shells, box: Box, known: bool) -> None:
    """Also where it was killed before it knew the shell's process id."""
    left = plain(lambda: shells.row(box))
    docker = shells.streams.agent.docker
    shell = await execs.shell(docker, box.name, str(left.pk))
    connection = execs.Connection(shell)
    pid, _ = await connection.first()
    await connection.write(b"sleep 1234\n")
    facts = {"exec_id": shell.id, "pid": pid if known else None}
    plain(lambda: Row.objects.filter(pk=left.pk).update(**facts))
    mine = await shells.open(box)
    unasked = plain(lambda: shells.row(box))
    await shells.leftovers.sweep()
    for row in (left, unasked):
        plain(row.refresh_from_db)
    assert (left.ended_how, unasked.ended_at) == ("left", None)
    assert ended(mine) == "open"
    assert not any("1234" in process for process in box.processes())
    await connection.close()
    await mine.say("stream.close")
    await mine.until_over()
    await rest(box)


async def test_a_container_that_hangs_holds_up_no_other_ones_leftovers(
    shells: Shells, box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor does it count against its people elsewhere; and it is not asked again at once."""
    monkeypatch.setattr(execs, "LIMIT", 1.0)
    broken = boxed("/bin/sleep", "1000", user="0")
    rows, connections = [], []
    for each in (broken, box):
        rows.append(plain(lambda each=each: shells.row(each)))
        shell = await execs.shell(shells.streams.agent.docker, each.name, str(rows[-1].pk))
        connections.append(execs.Connection(shell))
        facts = {"exec_id": shell.id, "pid": (await connections[-1].first())[0]}
        plain(lambda: Row.objects.filter(pk=rows[-1].pk).update(**facts))  # noqa: B023 - done at once
    rows.append(plain(lambda: shells.row(box)))
    long_ago = timezone.now() - timedelta(minutes=1)
    plain(lambda: Row.objects.filter(pk=rows[-1].pk).update(opened_at=long_ago))
    hangs = (
        r"printf '#!/bin/busybox sh\nexec /bin/busybox sleep 1000\n' >/tmp/sh; chmod +x /tmp/sh; mv -f /tmp/sh /bin/sh"
    )
    assert not broken.made.exec_run(["/bin/sh", "-c", hangs]).exit_code
    for _ in range(2):
        await shells.leftovers.sweep()
    for row in rows:
        plain(row.refresh_from_db)
    assert [(row.ended_how, bool(row.ended_at)) for row in rows] == [("stuck", False), ("left", True), ("left", True)]
    assert len(broken.processes()) == 4, "its own, its init, the shell, and one that was to end it"
    monkeypatch.setattr(settings, "TERMINALS_PER_PERSON", 1)
    plain(lambda: terminals.begin(shells.containers[box.pk], actor=shells.owner, ip=None))
    broken.made.kill()
    await shells.leftovers.sweep()
    assert ended(Heard(shells.web, "", row=rows[0])) == "left"
    for connection in connections:
        await connection.close()
    await rest(box)


async def test_two_windows_of_the_same_person_do_not_meet(shells: Shells, box: Box) -> None:
    one, two = await asyncio.gather(shells.open(box), shells.open(box))
    secret = os.urandom(8).hex().encode()
    await one.type(b"echo " + secret + b"\n")
    await two.type(b"echo two\n")
    await one.until_shown(b"\n" + secret + b"\r\n")
    await two.until_shown(b"\ntwo\r\n")
    assert secret not in two.data
    shells.web.renews = False
    await shells.web.lease(two.id)
    for terminal in (one, two):
        await terminal.say("stream.close")
        await terminal.until_over()
    await rest(box)
