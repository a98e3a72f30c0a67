"""Logs from the real engine to a web process, which a test plays."""

import asyncio
import uuid
from typing import Any

import pytest

from monitoring.agent import logs
from monitoring.agent.cutting import Cutter
from monitoring.agent.streams import Streams
from monitoring.live import wire
from monitoring.live.lines import LONGEST, Line
from tests.streams.boxes import Box, boxed
from tests.streams.conftest import eventually, outlets
from tests.streams.web import Web

WAITS = "while [ ! -e /tmp/go ]; do sleep 0.05; done"


async def test_both_streams_with_times_and_what_comes_next(streams: Streams, web: Web) -> None:
    talker = boxed("/bin/sh", "-c", f"echo one; echo two >&2; {WAITS}; echo three; sleep 1000")
    log = await web.open("logs", talker, tail=100)
    await log.until(lambda s: len(s.lines) == 2)
    talker.run("/bin/touch", "/tmp/go")
    await log.until(lambda s: len(s.lines) == 3)
    assert log.texts("o") == ["one", "three"]
    assert log.texts("e") == ["two"]
    assert log.lines[2].at == max(line.at for line in log.lines)
    await log.say("stream.close")
    assert (await log.until_over())["code"] == "closed"
    assert not streams.open


async def test_the_last_lines_and_those_after_a_moment(streams: Streams, web: Web) -> None:
    talker = boxed("/bin/sh", "-c", "for n in 1 2 3 4 5; do echo $n; done; sleep 1000")
    await eventually(lambda: talker.made.logs().count(b"\n") == 5)  # it has started, which is not yet to have written
    whole = await web.open("logs", talker, tail=100, follow=False)
    assert (await whole.until_over())["code"] == "ended"
    assert whole.texts() == ["1", "2", "3", "4", "5"]
    for options, texts in (
        ({"tail": 2}, ["4", "5"]),
        ({"tail": 0}, []),
        ({"tail": 10**12}, whole.texts()),
        ({"tail": -3}, []),
        ({"tail": 1, "after": whole.lines[1].at}, ["3", "4", "5"]),
        ({"after": whole.lines[4].at}, []),
        ({"after": "2001-01-01T00:00:00Z"}, whole.texts()),
    ):
        part = await web.open("logs", talker, follow=False, **options)
        assert (await part.until_over())["code"] == "ended"
        assert part.texts() == texts, options


def uptimes_of(log: Any) -> list[str]:
    return [text for text in log.texts("o") if " " in text]


async def test_a_container_that_runs_again_goes_on_in_the_same_log(streams: Streams, web: Web) -> None:
    talker = boxed("/bin/sh", "-c", f"rm -f /tmp/go; cat /proc/uptime; echo half >&2; printf open; {WAITS}; exit 3")
    log = await web.open("logs", talker, tail=100)
    await log.until(lambda s: len(s.texts()) == 2)
    stopped = await web.open("logs", talker, tail=0)
    talker.run("/bin/touch", "/tmp/go")
    await log.until(lambda s: s.texts("x"))
    assert log.texts("x") == ["3"]
    for times in (2, 3):
        talker.made.restart(timeout=0)
        await log.until(lambda s, times=times: len(s.texts("s")) == times - 1 and len(s.texts("e")) == times)
        await log.until(lambda s, times=times: len(uptimes_of(s)) == times)  # each stream comes by a pipe of its own
    await stopped.until(lambda s: len(s.texts("e")) == 2)
    uptimes = uptimes_of(log)
    assert len(uptimes) == len(set(uptimes)) == 3
    assert log.texts("e") == ["half"] * 3
    assert [line.text for line in log.lines if line.kind in "xso"].count("open") == 2
    assert log.texts("xs")[:2] == ["3", ""]
    assert log.texts("xs")[2] in {"137", "143"}  # whichever signal was faster
    assert stopped.texts("e") == ["half"] * 2


async def test_long_lines_and_what_is_no_text(streams: Streams, web: Web) -> None:
    rude = "printf 'q\\377\\303\\251\\000\\n'; yes é | tr -d '\\n' | head -c 40000; echo; echo end"
    talker = boxed("/bin/sh", "-c", f"{rude}; sleep 1000")
    log = await web.open("logs", talker, tail=100)
    await log.until(lambda s: s.texts()[-1:] == ["end"])
    first, *parts, last = log.lines
    assert first.text == "q\N{REPLACEMENT CHARACTER}é\0"
    assert [line.kind for line in parts] == ["O", "O", "o"]
    assert all(len(line.text.encode()) <= LONGEST + 3 for line in parts)
    assert "".join(line.text for line in parts) == "é" * 20000
    assert last.kind == "o"


async def test_a_container_with_a_tty_has_one_stream(streams: Streams, web: Web) -> None:
    talker = boxed(
        "/bin/sh", "-c", "echo out; echo err >&2; yes | tr -d '\\n' | head -c 40000; echo; sleep 1000", tty=True
    )
    log = await web.open("logs", talker, tail=100)
    await log.until(lambda s: [line.kind for line in s.lines] == ["o", "o", "O", "O", "o"])
    assert log.texts()[:2] == ["out", "err"]
    assert "".join(log.texts()[2:]) == "y" * 40000


@pytest.mark.parametrize("size", [1, 7, 5000])
def test_lines_come_out_the_same_however_they_are_cut(size: int) -> None:
    stamps = [f"2026-01-01T00:00:0{n}.000000000Z" for n in range(4)]
    messages = [
        (1, stamps[0], b"x" * (LONGEST - 1) + b"\xc3"),
        (2, stamps[1], b"be\xfftween\n"),
        (1, stamps[0], b"\xa9rest\n"),
        (1, stamps[2], b"unfinished"),
        (1, stamps[3], b"next\n"),
        (2, stamps[3], b""),
    ]
    rows = [(stream, f"{at} ".encode() + text) for stream, at, text in messages]
    data = b"".join(bytes((stream, 0, 0, 0)) + len(row).to_bytes(4, "big") + row for stream, row in rows)
    cutter = Cutter(tty=False)
    found = [line for place in range(0, len(data), size) for line in cutter.feed(data[place : place + size])]
    assert [*found, *cutter.rest()] == [
        Line("O", stamps[0], "x" * (LONGEST - 1)),
        Line("e", stamps[1], "be\N{REPLACEMENT CHARACTER}tween"),
        Line("o", stamps[0], "érest"),
        Line("o", stamps[2], "unfinished"),
        Line("o", stamps[3], "next"),
    ]


async def test_what_cannot_be_read_and_what_is_not_there(streams: Streams, web: Web, box: Box) -> None:
    silent = boxed("/bin/sleep", "1000", log_config={"type": "none"})
    assert (await (await web.open("logs", silent, tail=1)).until_over())["code"] == "unreadable"
    absent = Box(box.made, uuid.uuid4())  # a container of that name, and not this one
    assert (await (await web.open("logs", absent, tail=1)).until_over())["code"] == "absent"


async def test_no_more_at_once_than_the_engine_is_to_read_for(
    streams: Streams, web: Web, box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "PER_CONTAINER", 2)
    monkeypatch.setattr(logs, "AT_ONCE", 3)
    other = boxed("/bin/sleep", "1000")
    found = [await web.open("logs", each) for each in (box, box, box, other, other)]
    assert [log.closed["code"] if log.closed else "open" for log in found] == [
        *("open", "open", "too_many"),
        *("open", "too_many"),
    ]
    assert len(streams.open) == outlets(streams) == 3
    await found[0].say("stream.close")
    await found[0].until_over()
    assert not (await web.open("logs", box)).closed


async def test_a_slow_reader_holds_up_nothing_but_its_own_log(streams: Streams, web: Web) -> None:
    """10 MB: the agent keeps a window, the engine the rest."""
    padding = "x" * 2000
    talker = boxed("/bin/sh", "-c", f"seq 1 5000 | sed 's/$/ {padding}/'; sleep 1000")
    slow = await web.open("logs", talker, eager=False, tail=10000, after="2001-01-01T00:00:00Z")
    await slow.until(lambda s: len(s.data) >= wire.OUTPUT_WINDOW)
    other = await web.open("logs", talker, tail=1)
    await other.until(lambda s: s.lines)
    await other.say("stream.close")
    await asyncio.sleep(0.3)
    assert streams.open[slow.id].outflow.outstanding <= wire.OUTPUT_WINDOW + wire.CHUNK
    assert len(slow.data) <= wire.OUTPUT_WINDOW + wire.CHUNK
    slow.eager = True
    await slow.ack(slow.inflow.taken)
    await slow.until(lambda s: s.data.endswith(f" 5000 {padding}\n".encode()))
    assert [text.split()[0] for text in slow.texts()] == [str(n) for n in range(1, 5001)]
    assert slow.most <= wire.OUTPUT_WINDOW + wire.CHUNK


async def test_a_web_process_that_vanishes_leaves_nothing(
    streams: Streams, web: Web, box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "LEASE", 0.5)
    await web.open("logs", box, tail=1)
    second = await web.open("logs", box, tail=1)
    await eventually(lambda: outlets(streams) == 2)
    web.renews = False
    assert (await second.until_over())["code"] == "lease"
    assert not streams.open
    await eventually(lambda: outlets(streams) == 0)


async def test_how_it_ended_is_told_again(streams: Streams, web: Web, box: Box) -> None:
    log = await web.open("logs", box, tail=1, follow=False)
    await log.until_over()
    for speak in (lambda: log.ack(0), lambda: web.lease(log.id)):
        log.closed = None
        await speak()
        assert (await log.until_over())["code"] == "ended"


async def test_rubbish_ends_nothing(streams: Streams, web: Web, box: Box) -> None:
    log = await web.open("logs", box, tail=1)
    here = streams.agent.link.channel
    for kind in ("stream.open", "stream.data", "stream.ack", "stream.resize", "stream.close", "lease", "nonsense"):
        for facts in (
            {},
            {"stream": "unknown"},
            {"stream": 7, "offset": "x"},
            {"stream": None, "kind": "logs", "web": 1, "container": [], "name": {}},
            {"stream": "a" * 32, "kind": "else", "web": "w", "container": "", "name": "../.."},
            {"stream": "b" * 32, "kind": "logs", "web": "w", "container": "", "name": "../..", "tail": "many"},
            {"stream": "c" * 32, "kind": "logs", "web": "w", "container": "c", "name": "n", "after": "yesterday"},
            {"stream": "d" * 32, "kind": "terminal", "web": "w", "container": "c", "name": "n", "columns": "wide"},
        ):
            await web.link.send(here, {"type": kind, **facts})
    for facts in (
        {"offset": -1},
        {"offset": 2**62},
        {"offset": 0, "data": b"x" * 100000},
        {"columns": -1, "rows": 2**70 % 7},
    ):
        for kind in ("stream.data", "stream.ack", "stream.resize"):
            await log.say(kind, **facts)
    again = await web.open("logs", box, tail=1, follow=False)
    await again.until_over()
    assert list(streams.open) == [log.id]
    assert log.closed is None
