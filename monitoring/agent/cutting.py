"""Makes lines of what the engine answers when it is asked for a log with times.

A container without a TTY has frames: which stream, how long, and then one message of at most 16 KiB, a time before
it. A longer line is several messages of the same time, of which only the last has a line end. A container with a TTY
has no frames and one stream; its parts are told by the time that stands behind 16 KiB.
"""

import codecs
import struct
from collections.abc import Generator, Iterator

from monitoring.live.lines import AT, LONGEST, STDERR, STDOUT, Line

_HEADER = struct.Struct(">BxxxL")
_STAMP = AT + 1  # with the space behind it
_NEVER = "0001-01-01T00:00:00.000000000Z"


class Cutter:
    """`feed` it what comes, then `rest`. Holds less than one part of a line for each stream."""

    def __init__(self, *, tty: bool) -> None:
        self._frames = not tty
        self._out, self._err = _Text(STDOUT, tty=tty), _Text(STDERR, tty=tty)
        self._header = bytearray()
        self._text, self._left = self._out, 0  # whose the frame at hand is, and how much of it is to come

    def feed(self, data: bytes) -> Iterator[Line]:
        if not self._frames:
            yield from self._out.feed(data)
            return
        place = 0
        while place < len(data):
            if not self._left:
                wanted = _HEADER.size - len(self._header)
                self._header += data[place : place + wanted]
                place += wanted
                if len(self._header) < _HEADER.size:
                    return
                stream, self._left = _HEADER.unpack(self._header)
                self._header.clear()
                self._text = self._out if stream == 1 else self._err
                self._text.expect()
                continue
            piece = data[place : place + self._left]
            place += len(piece)
            self._left -= len(piece)
            yield from self._text.feed(piece)

    def rest(self) -> Iterator[Line]:
        """What had no line end when the log was over."""
        yield from self._out.rest()
        yield from self._err.rest()


class _Text:
    """One stream of a log."""

    def __init__(self, kind: str, *, tty: bool) -> None:
        self._kind, self._tty = kind, tty
        self._at, self._expecting = _NEVER, True
        self._stamp, self._text = bytearray(), bytearray()
        self._open = False  # a part of the line has gone out
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def expect(self) -> None:
        """A message begins, and so a time."""
        self._expecting = True

    def feed(self, piece: bytes) -> Iterator[Line]:
        while piece:
            if self._expecting:
                wanted = _STAMP - len(self._stamp)
                self._stamp += piece[:wanted]
                piece = piece[wanted:]
                if len(self._stamp) == _STAMP:
                    piece = (yield from self._stamped()) + piece
                continue
            room = LONGEST - len(self._text)
            end = piece.find(b"\n", 0, room)
            if end >= 0:
                self._text += piece[:end]
                piece = piece[end + 1 :]
                yield self._line()
                self._expecting = True
            else:
                self._text += piece[:room]
                piece = piece[room:]
                if len(self._text) == LONGEST:
                    yield self._line(part=True)
                    self._expecting = self._tty

    def rest(self) -> Iterator[Line]:
        self._text += self._stamp
        self._stamp.clear()
        if self._text:
            yield self._line()

    def _stamped(self) -> Generator[Line, None, bytes]:
        """Take the time in; returns what is text where it was none."""
        stamp = bytes(self._stamp)
        self._stamp.clear()
        self._expecting = False
        if stamp[-2:] != b"Z " or stamp[10:11] != b"T":
            return stamp
        at = stamp[:AT].decode("ascii", "replace")
        if at != self._at:
            if self._text or self._open:  # its program ended in the middle of a line
                yield self._line()
            self._at = at
        return b""

    def _line(self, *, part: bool = False) -> Line:
        text = bytes(self._text)
        self._text.clear()
        if self._tty and not part:
            text = text.removesuffix(b"\r")
        self._open = part
        words = self._decoder.decode(text, final=not part)
        return Line(self._kind.upper() if part else self._kind, self._at, words)
