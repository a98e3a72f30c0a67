"""Logs from the engine to a web process."""

from tests.streams.conftest import Box, Web, boxed


async def test_both_streams_with_times_and_what_comes_next(streams, web: Web) -> None:
    talker = boxed("/bin/sh", "-c", "echo one; echo two >&2; while [ ! -e /tmp/go ]; do sleep 0.05; done; echo three; sleep 1000")
    log = await web.open("logs", talker, tail=100)
    await log.until(lambda s: len(s.lines) == 2)
    talker.run("/bin/touch", "/tmp/go")
    await log.until(lambda s: len(s.lines) == 3)
    assert [(line.kind, line.text) for line in sorted(log.lines, key=lambda line: line.at)] == [
        ("o", "one"),
        ("e", "two"),
        ("o", "three"),
    ]
