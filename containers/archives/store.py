"""Where archives lie: a folder that the web tier and the workers share."""

import errno
import os
import shutil
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import IO, Any, cast

from django.conf import settings
from django.core.files.storage import FileSystemStorage
from django.utils import timezone
from django.utils.crypto import get_random_string

from containers.models import Archive
from tenants.models.plan import MIB
from tenants.words import gettext as _

LOOK = 16 * MIB  # bytes written between two looks at how much is free
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
ORPHANED = timedelta(hours=6)  # a file that no row knows and that nobody wrote to for so long


class NoRoom(OSError):
    """The disk has no room for it, or would be left with too little; the message says so."""


class _Folder(FileSystemStorage):
    """For its owner alone; what root writes there is handed to whom the folder belongs."""

    def _save(self, name: str, content: Any) -> str:
        root = Path(self.location)
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        saved = super()._save(name, content)  # type: ignore[misc]  # not in the stubs
        if os.geteuid() == 0:
            owner = root.stat()
            os.chown(self.path(saved), owner.st_uid, owner.st_gid)
        return str(saved)


class _Pieces:
    """As much of Django's `File` as a storage needs to save something."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = pieces

    def chunks(self, chunk_size: int | None = None) -> Iterator[bytes]:
        return iter(self._pieces)


def _storage() -> _Folder:
    return _Folder(location=settings.ARCHIVE_ROOT, file_permissions_mode=0o600)


def _name() -> str:
    return get_random_string(40)


def require_room(length: int = 0) -> None:
    """Raises `NoRoom` if so many more bytes left less than `ARCHIVE_RESERVE`: databases may lie on the same disk."""
    there = Path(settings.ARCHIVE_ROOT)
    while not there.exists():
        there = there.parent
    if shutil.disk_usage(there).free < settings.ARCHIVE_RESERVE + length:
        raise NoRoom(
            _(
                "Warren's disk has no room for it: %(archive_reserve)s MiB of it are to stay free. "
                "Try again later, or tell whoever runs Warren."
            )
            % {"archive_reserve": settings.ARCHIVE_RESERVE // MIB}
        )


def save(pieces: Iterable[bytes]) -> str:
    """Write a file under a name that nobody can guess; returns the name. Raises `NoRoom`.

    What fails half-way leaves nothing; a writer that is killed leaves an orphan.
    """
    return keep(_Pieces(_roomy(pieces)))


def keep(file: Any) -> str:
    """Save what came with a request, by moving it where it is on disk already. As `save` otherwise."""
    storage, name = _storage(), _name()
    try:
        return str(storage.save(name, file))
    except BaseException as exc:
        storage.delete(name)
        if isinstance(exc, OSError) and exc.errno in _FULL:
            raise NoRoom(_("Warren's disk is full. Try again later, or tell whoever runs Warren.")) from exc
        raise


def _roomy(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """These, as long as there is room for more."""
    since = LOOK
    for piece in pieces:
        since += len(piece)
        if since >= LOOK:
            require_room()
            since = 0
        yield piece


def opened(name: str) -> IO[bytes]:
    """Raises FileNotFoundError."""
    return cast(IO[bytes], _storage().open(name))


def size(name: str) -> int:
    return int(_storage().size(name))


def delete(name: str) -> None:
    """Absent is fine."""
    if name:
        _storage().delete(name)


def sweep() -> int:
    """Remove what no row knows: whoever wrote it was killed before a row could be told. Returns how many."""
    storage, before = _storage(), timezone.now() - ORPHANED
    if not Path(storage.location).is_dir():
        return 0
    known = set(Archive.objects.exclude(file="").values_list("file", flat=True))
    orphans = [name for name in storage.listdir("")[1] if name not in known]
    old = [name for name in orphans if storage.get_modified_time(name) < before]
    for name in old:
        storage.delete(name)
    return len(old)
