"""Lines of a log as the bytes that pass from an agent to a web process.

One line each, `kind`, time, a space, text: the text has no line end, and offsets in the stream count bytes, so that
what is acknowledged is what was seen. Times are the engine's: RFC 3339 in UTC with nine digits of a second, which
makes all of them equally long, and their order that of their letters.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

AT = 30  # letters of a time
LONGEST = 16 * 1024  # bytes in a line; longer ones come in parts
_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z")

# Kinds. A part is followed by the rest of its line, in a line of the same stream.
STDOUT, STDERR, STDOUT_PART, STDERR_PART = "o", "e", "O", "E"
ENDED, STARTED = "x", "s"  # the container; the text of the former is its exit code
STREAMS = {STDOUT: "stdout", STDOUT_PART: "stdout", STDERR: "stderr", STDERR_PART: "stderr"}
PARTS = frozenset({STDOUT_PART, STDERR_PART})


class Line(NamedTuple):
    kind: str
    at: str
    text: str

    def __bytes__(self) -> bytes:
        return f"{self.kind}{self.at} {self.text}\n".encode("utf-8", "replace")


def moment(words: str) -> str:
    """A time with all its digits. Raises `ValueError`."""
    found = _TIME.fullmatch(words)
    if found is None:
        raise ValueError(f"not a time in UTC: {words[:40]!r}")
    return f"{found[1]}.{found[2] or '0':0<9}Z"


class Reader:
    """Puts lines together again from whatever pieces their bytes come in."""

    def __init__(self) -> None:
        self._rest = b""
        self.end = 0  # offset behind the last whole line

    def feed(self, data: bytes) -> Iterator[Line]:
        *whole, self._rest = (self._rest + data).split(b"\n")
        for row in whole:
            self.end += len(row) + 1
            words = row.decode("utf-8", "replace")
            yield Line(words[:1], words[1 : 1 + AT], words[2 + AT :])
