"""Reads tar files that anybody may have made, without ever holding more of one than an entry's head."""

import gzip
import io
import tarfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import IO, Any, Self, cast

from containers.errors import Terminal

CHUNK = 1024 * 1024
_MAX_HEAD = 1024 * 1024  # bytes of all heads before one entry: long names, extended attributes
_MAX_STACK = 8  # heads before one entry
MAX_HEADS = 256 * _MAX_HEAD  # bytes of all heads of an archive
_KEPT = ("path", "linkpath", "size", "uid", "gid", "mtime")  # of what a head can say
_HEADS = {
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
}
_ENDS = (
    tarfile.InvalidHeaderError,  # type: ignore[attr-defined]  # these three are not in the stubs
    tarfile.TruncatedHeaderError,  # type: ignore[attr-defined]
    tarfile.EmptyHeaderError,  # type: ignore[attr-defined]
)
_BROKEN = (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile, ValueError, OverflowError, RecursionError)


class Unfit(Terminal):
    """What is in the archive is not taken; the message names it and says why."""

    def __init__(self, message: str, code: str = "archive_invalid") -> None:
        super().__init__(code, message)


class TooLarge(Unfit):
    """More comes out of it than there may be."""

    def __init__(self, message: str) -> None:
        super().__init__(message, "archive_too_large")


class _Archive(tarfile.TarFile):
    """Counts what precedes entries: that costs the same whether anything comes of it or not."""

    stacked = 0  # heads before the entry at hand,
    head = 0  # and their bytes
    heads = 0  # bytes of all so far

    def count(self, entry: tarfile.TarInfo) -> None:
        if entry.type not in _HEADS:
            self.stacked = self.head = 0
            return
        self.stacked += 1
        self.head += entry.size
        self.heads += entry.size
        if self.stacked > _MAX_STACK or self.head > _MAX_HEAD or self.heads > MAX_HEADS:
            raise tarfile.HeaderError("too much precedes an entry")


class _Entry(tarfile.TarInfo):
    """Stricter than `tarfile`'s own.

    That reads whatever precedes an entry into memory, keeps what is said of all entries for good, looks for one of its
    fields in quadratic time, follows sizes below zero back to where it was, and takes a broken head, or none, for the
    end of the archive.
    """

    @classmethod
    def fromtarfile(cls, archive: tarfile.TarFile) -> Self:
        try:
            return super().fromtarfile(archive)
        except _ENDS as exc:
            raise tarfile.ReadError(str(exc) or "it ends too early") from exc

    def _proc_member(self, archive: tarfile.TarFile) -> Any:
        if self.type == tarfile.GNUTYPE_SPARSE:
            raise tarfile.HeaderError("sparse files are not taken")
        if self.size < 0:
            raise tarfile.HeaderError("an impossible size")
        archive.count(self)  # type: ignore[attr-defined]  # it is one of ours
        return super()._proc_member(archive)  # type: ignore[misc]  # not in the stubs

    def _block(self, count: int) -> int:
        if count < 0:
            raise tarfile.HeaderError("an impossible size")
        return int(super()._block(count))  # type: ignore[misc]  # not in the stubs

    def _proc_pax(self, archive: Any) -> Any:
        """Take over what we use of an extended head. One for all entries may hold remarks, as git's archives do."""
        said = _records(archive.fileobj.read(self._block(self.size))[: self.size])
        for_all = self.type == tarfile.XGLTYPE
        if for_all and said:
            raise tarfile.HeaderError("heads for all entries are not taken")
        try:
            entry: Any = self.fromtarfile(archive)
        except tarfile.HeaderError as exc:
            raise tarfile.ReadError(str(exc) or "it ends too early") from exc
        if for_all:
            return entry
        entry._apply_pax_info(said, archive.encoding, archive.errors)  # noqa: SLF001  (one of this class)
        entry.offset = self.offset
        if "size" in said:
            archive.offset = entry.offset_data + (self._block(entry.size) if entry.isreg() else 0)
        return entry


def _records(head: bytes) -> dict[str, str]:
    """The fields of an extended head that we use: lines of their own length, a space, name=value."""
    found, at = {}, 0
    while at < len(head):
        length, space, _ = head[at : at + 20].partition(b" ")
        end = at + int(length) if length.isdigit() else 0
        name, equals, value = head[at + len(length) + 1 : end - 1].partition(b"=")
        if not (space and equals and end <= len(head) and head[end - 1 : end] == b"\n"):
            raise tarfile.HeaderError("a broken head")
        if name.startswith(b"GNU.sparse."):
            raise tarfile.HeaderError("sparse files are not taken")
        if (known := name.decode("ascii", "replace")) in _KEPT:
            found[known] = value.decode("utf-8", "surrogateescape")
        at = end
    return found


class Chunks(io.RawIOBase):
    """A file to read from an iterator of bytes."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks, self._rest = iter(chunks), b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._rest:
            try:
                self._rest = next(self._chunks)
            except StopIteration:
                return 0
        taken = self._rest[: len(buffer)]
        buffer[: len(taken)], self._rest = taken, self._rest[len(taken) :]
        return len(taken)


@contextmanager
def whole() -> Iterator[None]:
    """Say that the archive is broken, in one way, whatever it is that found out."""
    try:
        yield
    except _BROKEN as exc:
        raise Unfit(f"This is not a whole tar or tar.gz file ({exc}).") from exc


def unzipped(file: IO[bytes]) -> IO[bytes]:
    """The tar in a file that may be gzip'd; reading to its end checks its sums."""
    buffered = io.BufferedReader(cast(io.RawIOBase, file))
    return cast(IO[bytes], gzip.GzipFile(fileobj=buffered)) if buffered.peek(2)[:2] == b"\x1f\x8b" else buffered


def entries(file: IO[bytes]) -> Iterator[tuple[tarfile.TarInfo, IO[bytes] | None]]:
    """Each entry of a tar with its content, to be read before the next is asked for."""
    with _Archive.open(fileobj=file, mode="r|", tarinfo=_Entry) as archive:
        while (entry := archive.next()) is not None:
            yield entry, archive.extractfile(entry) if entry.isreg() else None
            archive.members = []  # type: ignore[attr-defined]  # it would remember them all
    for seen in iter(lambda: len(file.read(CHUNK)), 0):
        if seen == CHUNK:
            raise Unfit("Something follows the end of the archive.")


def packed(found: Iterable[tuple[tarfile.TarInfo, IO[bytes] | None]]) -> Iterator[bytes]:
    """A tar of these, piece by piece."""
    for entry, content in found:
        yield entry.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")
        if content is None:
            continue
        left = entry.size
        while left:
            piece = content.read(min(left, CHUNK))
            if not piece:
                raise tarfile.ReadError(f"{entry.name} ends too early")
            left -= len(piece)
            yield piece
        yield bytes(-entry.size % tarfile.BLOCKSIZE)
    yield bytes(2 * tarfile.BLOCKSIZE)


def zipped(chunks: Iterable[bytes]) -> Iterator[bytes]:
    packer = zlib.compressobj(wbits=31)  # gzip's format
    for chunk in chunks:
        if piece := packer.compress(chunk):
            yield piece
    yield packer.flush()
