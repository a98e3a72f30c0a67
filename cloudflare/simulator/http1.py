"""As much of HTTP/1.1 as a relay needs: heads are read and rewritten, bodies pass as they are."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from http import HTTPStatus

MAX_HEAD = 64 * 1024
CHUNK = 64 * 1024


class Malformed(Exception):
    """What was read is not HTTP that can be relayed safely."""


@dataclass
class Head:
    """`first`: the three parts of the first line. Names of headers as they came; look-ups ignore case."""

    first: tuple[str, str, str]
    headers: list[tuple[str, str]] = field(default_factory=list)

    def get(self, name: str, default: str = "") -> str:
        return next((value for key, value in self.headers if key.lower() == name), default)

    def without(self, names: Iterable[str]) -> list[tuple[str, str]]:
        gone = set(names)
        return [(key, value) for key, value in self.headers if key.lower() not in gone]

    def tokens(self, name: str) -> set[str]:
        """A comma-separated header as a set of lower-case words."""
        return {word.strip().lower() for key, value in self.headers if key.lower() == name for word in value.split(",")}

    @property
    def upgrades(self) -> bool:
        return "upgrade" in self.tokens("connection") and bool(self.get("upgrade"))

    def encode(self) -> bytes:
        lines = [" ".join(self.first), *(f"{key}: {value}" for key, value in self.headers), "", ""]
        return "\r\n".join(lines).encode("latin-1")


async def read_head(reader: asyncio.StreamReader) -> Head | None:
    """None at the end of the stream. Raises `Malformed`."""
    try:
        raw = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as exc:
        if exc.partial.strip():
            raise Malformed("the head ended half-way") from None
        return None
    except asyncio.LimitOverrunError:
        raise Malformed("the head is too long") from None
    return parse_head(raw)


def parse_head(raw: bytes) -> Head:
    first, *lines = raw.decode("latin-1").split("\r\n")[:-2]
    parts = first.split(" ", 2)
    if len(parts) == 2 and parts[0].startswith("HTTP/"):
        parts.append("")
    if len(parts) != 3:
        raise Malformed("the first line is not HTTP")
    headers = []
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name or name != name.strip() or "\n" in line or "\r" in line or "\0" in line:
            raise Malformed("a header is not valid")
        headers.append((name, value.strip()))
    return Head((parts[0], parts[1], parts[2]), headers)


async def body(reader: asyncio.StreamReader, head: Head) -> AsyncIterator[bytes]:
    """The bytes of a request's body as they stand on the wire, and not one more."""
    if "transfer-encoding" in {key.lower() for key, _ in head.headers}:
        if head.tokens("transfer-encoding") != {"chunked"} or head.get("content-length"):
            raise Malformed("the length of the body is not clear")
        async for part in _chunks(reader):
            yield part
        return
    lengths = {value for key, value in head.headers if key.lower() == "content-length"}
    if len(lengths) > 1 or any(not value.isascii() or not value.isdigit() for value in lengths):
        raise Malformed("the length of the body is not clear")
    left = int(lengths.pop()) if lengths else 0
    while left:
        part = await reader.read(min(left, CHUNK))
        if not part:
            raise Malformed("the body ended half-way")
        left -= len(part)
        yield part


async def _chunks(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    while True:
        try:
            line = await reader.readuntil(b"\r\n")
            left = int(line.split(b";")[0], 16)
            yield line
            while left:
                part = await reader.read(min(left, CHUNK))
                if not part:
                    raise Malformed("the body ended half-way")
                left -= len(part)
                yield part
            if line.split(b";")[0].strip(b"0\r\n "):
                yield await reader.readexactly(2)
                continue
            while True:  # trailers, up to the empty line
                trailer = await reader.readuntil(b"\r\n")
                yield trailer
                if trailer == b"\r\n":
                    return
        except (ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            raise Malformed("a chunk is not valid") from None


def answer(
    status: int,
    content: str | bytes = b"",
    *,
    kind: str = "text/html; charset=utf-8",
    headers: Iterable[tuple[str, str]] = (),
) -> bytes:
    """A whole answer of the edge's own; the connection ends with it."""
    raw = content.encode() if isinstance(content, str) else content
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = "Origin Error"  # 530, which is Cloudflare's own
    head = Head(
        ("HTTP/1.1", str(status), phrase),
        [
            ("Content-Type", kind),
            ("Content-Length", str(len(raw))),
            ("Cache-Control", "no-store"),
            ("Connection", "close"),
            *headers,
        ],
    )
    return head.encode() + raw
