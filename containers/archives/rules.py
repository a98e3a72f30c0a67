"""What may be in an archive of a data folder. Pure.

The same rules hold for what comes in and for what goes out. An export leaves out, and says so, single entries that an
import would refuse; where all of it is more than an import would take, there is no export. So whatever was downloaded
can be restored.
"""

import stat
import tarfile
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import PurePosixPath

from containers.archives.reading import TooLarge, Unfit
from tenants.models.plan import MIB

MAX_ENTRIES = 200_000
MAX_NAMES = 64 * MIB  # bytes of all names together
MAX_NAME = 4096
BLOCK = 4096  # bytes that an entry takes on disk at least
_MAX_ID = 2**32 - 2
_MAX_TIME = 2**33


def allowance(storage: int) -> int:
    """Bytes that an archive may hold for a container with so much storage. Some more: file systems count otherwise."""
    return storage + storage // 16


class Kind(StrEnum):
    FOLDER = "folder"
    FILE = "file"
    LINK = "symbolic link"


@dataclass
class Check:
    """Looks at the entries of one archive in turn. `folder`: the data folder; `size`: bytes that may come out of it.

    A file counts with its size, and everything with `BLOCK` bytes at least.

    `prefix`: what all names begin with, as the engine gives them; people's archives hold the folder's content.
    """

    folder: str
    size: int
    prefix: str = ""
    _kinds: dict[str, Kind] = field(default_factory=dict)
    _unpacked: int = 0
    _names: int = 0

    def admit(self, entry: tarfile.TarInfo) -> tarfile.TarInfo:
        """A clean entry to write in its place, named from the data folder on ("." is that itself). Raises `Unfit`.

        Owner, mode and time are kept; whatever else a tar can say of a file is dropped.
        """
        where = self._where(entry.name)
        clean = tarfile.TarInfo(where or ".")
        clean.mode, clean.mtime = stat.S_IMODE(entry.mode), entry.mtime if 0 <= entry.mtime < _MAX_TIME else 0
        clean.uid, clean.gid, clean.type = entry.uid, entry.gid, entry.type
        if not (0 <= entry.uid <= _MAX_ID and 0 <= entry.gid <= _MAX_ID):
            raise Unfit(f"{entry.name} has an impossible owner.")
        if entry.isdir():
            self._place(where, Kind.FOLDER)
        elif entry.isreg():
            if entry.mode & (stat.S_ISUID | stat.S_ISGID):
                raise Unfit(f"{entry.name} is to run as its owner (setuid or setgid), which is not taken.")
            clean.type, clean.size = tarfile.REGTYPE, entry.size
            self._grow(max(entry.size - BLOCK, 0))
            self._place(where, Kind.FILE)
        elif entry.islnk():
            clean.linkname = self._where(entry.linkname)
            if self._kinds.get(clean.linkname) is not Kind.FILE:
                raise Unfit(f"{entry.name} is a hard link to {entry.linkname}, which is no file before it.")
            self._place(where, Kind.FILE)
        elif entry.issym():
            self._check_target(where, entry)
            clean.linkname = entry.linkname
            self._place(where, Kind.LINK)
        else:
            raise Unfit(f"{entry.name} is a device, a pipe or the like, which is not taken.")
        return clean

    def _where(self, name: str) -> str:
        """The path from the data folder on; "" is that itself."""
        if name.startswith("/"):
            raise Unfit(f"{name[:200]} is an absolute path.")
        parts = [part for part in name.split("/") if part not in {"", "."}]
        if ".." in parts:
            raise Unfit(f"{name[:200]} leads out of the archive.")
        if self.prefix and parts:
            if parts[0] != self.prefix:
                raise Unfit(f"{name[:200]} is not in the data folder.")
            parts = parts[1:]
        if len(name.encode(errors="surrogateescape")) > MAX_NAME or "\0" in name:
            raise Unfit(f"{name[:200]} is no possible name.")
        return "/".join(parts)

    def _place(self, where: str, kind: Kind) -> None:
        """Note what is there, and that everything above it is a real folder: nothing is ever written through a link."""
        above = where
        while above:
            above = above.rpartition("/")[0]
            known = self._kinds.get(above)
            if known is None:
                self._note(above, Kind.FOLDER)
            elif known is not Kind.FOLDER:
                raise Unfit(f"{above} is a {known}, and {where} is to go below it.")
            else:
                break
        known = self._kinds.get(where)
        if known is None:
            self._note(where, kind)
        elif known is not kind or kind is not Kind.FOLDER:
            raise Unfit(f"{where or 'The data folder'} comes more than once.")

    def _note(self, where: str, kind: Kind) -> None:
        self._kinds[where] = kind
        self._names += len(where)
        if len(self._kinds) > MAX_ENTRIES or self._names > MAX_NAMES:
            raise TooLarge(f"There are more than {MAX_ENTRIES} files in it, or too long names.")
        if where:
            self._grow(BLOCK)

    def _grow(self, size: int) -> None:
        self._unpacked += size
        if self._unpacked > self.size:
            raise TooLarge(f"Unpacked it is larger than the {self.size // MIB} MiB that the container has room for.")

    def _check_target(self, where: str, entry: tarfile.TarInfo) -> None:
        """A link may lead to what is in the data folder, relatively, or absolutely by the folder's own path.

        Steps up are fine only at the beginning: the folder that a link is in is a real one, but what a step down
        leads through may be a link again, and a step up from there leads anywhere.
        """
        target = entry.linkname
        parts = [part for part in target.split("/") if part not in {"", "."}]
        outside = Unfit(f"{entry.name} is a link to {target[:200]}, which is outside of the data folder.")
        if len(target) > MAX_NAME or "\0" in target or not target:
            raise outside
        if target.startswith("/"):
            folder = PurePosixPath(self.folder).parts[1:]
            if ".." in parts or tuple(parts[: len(folder)]) != folder:
                raise outside
            return
        ups = next((number for number, part in enumerate(parts) if part != ".."), len(parts))
        if ups > where.count("/") or ".." in parts[ups:]:
            raise outside
