"""Brings one archive to its end: data out of a container into a file, or out of a file into a container.

A restore never touches the data that is there. It fills a fresh volume, by a container that never runs, and only when
that is whole does the container's row name it: with that the container is of another spec, and its own reconciler
replaces it, stopping it just for that. So a kill at any moment leaves the old data or the new, and never a mixture;
the next pass begins the fresh volume again. The old volume goes last, once the engine says that nothing uses it.
"""

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import PurePosixPath
from tarfile import TarError, TarInfo
from typing import IO, Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from containers import engine, loop, specs
from containers import reconcile as container_reconcile
from containers.archives import CANCELLED, RECONCILE, store
from containers.archives.reading import Chunks, TooLarge, Unfit, entries, packed, unzipped, whole, zipped
from containers.archives.rules import Check, allowance
from containers.archives.turns import turn
from containers.engine.base import ContainerSpec
from containers.errors import Failed, Retryable, Terminal
from containers.lease import Lease
from containers.models import Archive, ArchiveKind, Container, ContainerStatus, Desired

WAIT = 20.0  # seconds until an archive looks whether its container was replaced, should the ring be lost
TRIES = 3  # at data that changes while it is read
TURN = 2.0  # seconds until an archive looks whether it is its turn
LOOK = 2.0  # seconds between looks whether it was cancelled, while bytes are copied


def load(pk: Any) -> Archive:
    return Archive.objects.select_related("container__tenant", "container__status").get(pk=pk)


def reconcile(archive: Archive, lease: Lease) -> loop.Result:
    if archive.finished_at:
        return _kept(archive)
    try:
        if archive.container.desired == Desired.ABSENT:
            raise Terminal("being_deleted", "The container was deleted before this was done.")
        if archive.in_use:
            return _tidied(archive, lease)
        _in_time(archive)
        with turn() as ours:
            if not ours:  # as if this pass had not been
                return loop.Result(after=TURN, seen={**_told(archive), "failures": archive.failures})
            return _export(archive, lease) if archive.kind == ArchiveKind.EXPORT else _restore(archive, lease)
    except Terminal as failure:
        return _given_up(archive, failure)
    except store.NoRoom as exc:
        return _given_up(archive, Terminal("archive_no_room", str(exc)))


def _told(archive: Archive) -> dict[str, Any]:
    return {"code": archive.code, "message": archive.message, "retrying": archive.retrying}


def _in_time(archive: Archive) -> None:
    """Raises `Terminal` once it has expired, or was cancelled."""
    if archive.expires_at > timezone.now():
        return
    if archive.code == CANCELLED:
        raise Terminal(CANCELLED, archive.message)
    raise Terminal("archive_late", f"It was not done in time. {archive.message}".strip())


def _watched(archive: Archive, lease: Lease) -> Callable[[], None]:
    """To be called between bytes: keeps the lease, and ends what came too late or was cancelled meanwhile."""
    looked = time.monotonic()

    def watch() -> None:
        nonlocal looked
        lease.hold()
        if time.monotonic() - looked >= LOOK:
            archive.refresh_from_db(fields=["expires_at", "code", "message"])
            looked = time.monotonic()
        _in_time(archive)

    return watch


def _kept(archive: Archive) -> loop.Result:
    """Finished: until it expires, its file stays, and what came of it in any case."""
    told = _told(archive)
    left = (archive.expires_at - timezone.now()).total_seconds()
    if archive.file and left > 0:
        return loop.Result(after=left, seen=told)
    store.delete(archive.file)
    return loop.Result(rest=True, seen={**told, "file": ""})


def _export(archive: Archive, lease: Lease) -> loop.Result:
    container = archive.container
    seen, left_out, watch = hashlib.sha256(), [0], _watched(archive, lease)
    check = Check(container.data_folder, allowance(container.storage), prefix=PurePosixPath(container.data_folder).name)

    def pieces() -> Iterator[bytes]:
        raw = engine.current().read_folder(container.engine_name, container.data_folder)
        for piece in zipped(packed(_fit(check, Chunks(_each(raw, watch)), left_out))):
            seen.update(piece)
            yield piece

    lease.hold()
    try:
        name = store.save(pieces())
    except TooLarge as exc:
        raise Terminal(
            exc.code, f"The data is too much for a download, for it could not be restored. {exc} Delete some of it."
        ) from exc
    except (TarError, Unfit) as exc:
        if archive.failures + 1 < TRIES:
            raise Retryable("archive_unsteady", "The data changed while it was read; trying again.") from exc
        raise Terminal(
            "archive_unsteady", "The data keeps changing while it is read; stop the container, then try again."
        ) from exc
    said = f"{left_out[0]} entries were left out: pipes, devices, and links that lead out of the data folder."
    now = timezone.now()
    expires = now + timedelta(hours=settings.ARCHIVE_HOURS)
    return loop.Result(
        after=(expires - now).total_seconds(),
        seen={
            "file": name,
            "size": store.size(name),
            "sha256": seen.hexdigest(),
            "message": said if left_out[0] else "",
            "finished_at": now,
            "expires_at": expires,
        },
    )


def _each(pieces: Iterable[bytes], watch: Callable[[], None]) -> Iterator[bytes]:
    for piece in pieces:
        watch()
        yield piece


def _fit(check: Check, raw: Any, left_out: list[int]) -> Iterator[tuple[TarInfo, IO[bytes] | None]]:
    """What an import would take; the rest is counted. Raises `TooLarge`."""
    for entry, content in entries(raw):
        if entry.isreg():
            entry.mode &= ~0o6000  # nothing in a container becomes somebody else by it anyway
        try:
            yield check.admit(entry), content
        except TooLarge:
            raise
        except Unfit:
            left_out[0] += 1


def _tidied(archive: Archive, lease: Lease) -> loop.Result:
    """The data is in use: take away what it replaced, as soon as nothing uses that."""
    current = engine.current()
    for old in set(current.volumes(specs.owned(archive.container))) - {archive.volume}:
        lease.hold()
        current.remove_volume(old)
    store.delete(archive.file)
    return loop.Result(rest=True, seen={"file": "", "finished_at": timezone.now()})


def _restore(archive: Archive, lease: Lease) -> loop.Result:
    container, current, watch = archive.container, engine.current(), _watched(archive, lease)
    digest = _validated(archive, watch)
    spec = replace(specs.container(container), volume=archive.volume, copy_up=False)
    lease.hold()
    if not current.has_image(spec.image):
        current.pull(spec.image, lambda line: watch())
    _fill(archive, watch, spec)
    if Container.objects.filter(pk=container.pk, desired=Desired.ABSENT).exists():
        raise Terminal("being_deleted", "The container was deleted before this was done.")
    with transaction.atomic():  # the status is locked first, as it is by whoever cancels
        ContainerStatus.objects.filter(pk=container.pk).ring(volume=archive.volume)
        lease.write(sha256=digest)  # or somebody else has taken over, and it is theirs to say
        archive.refresh_from_db(fields=["expires_at", "code", "message"])
        _in_time(archive)
    return loop.Result(after=WAIT, rings=((container_reconcile.CONTAINER, container.pk),))


def _validated(archive: Archive, watch: Callable[[], None]) -> str:
    """Read all of it before anything is touched; returns the file's sum. Raises `Unfit`."""
    digest = hashlib.sha256()
    check = Check(archive.container.data_folder, allowance(archive.container.storage))

    def pieces(file: IO[bytes]) -> Iterator[bytes]:
        while piece := file.read(1024 * 1024):
            watch()
            digest.update(piece)
            yield piece

    try:
        file = store.opened(archive.file)
    except FileNotFoundError:
        raise Terminal("archive_lost", "The uploaded file is gone; upload it again.") from None
    with file, whole():
        found = 0
        for entry, _ in entries(unzipped(Chunks(pieces(file)))):  # type: ignore[arg-type]  # reads, which is enough
            check.admit(entry)
            watch()
            found += 1
        if not found:
            raise Unfit("There is nothing in the archive.")
    return digest.hexdigest()


def _fill(archive: Archive, watch: Callable[[], None], spec: ContainerSpec) -> None:
    check = Check(archive.container.data_folder, allowance(archive.container.storage))
    root = PurePosixPath(spec.data_folder).name

    def renamed(file: IO[bytes]) -> Iterator[tuple[TarInfo, IO[bytes] | None]]:
        for entry, content in entries(unzipped(file)):
            clean = check.admit(entry)
            clean.name = root if clean.name == "." else f"{root}/{clean.name}"
            if clean.islnk():
                clean.linkname = f"{root}/{clean.linkname}"
            yield clean, content

    with store.opened(archive.file) as file:
        engine.current().fill_volume(_filler(archive), spec, _each(packed(renamed(file)), watch))


def _filler(archive: Archive) -> str:
    return f"{settings.INSTALLATION}-archive-{archive.pk.hex[:12]}"


def _given_up(archive: Archive, failure: Failed) -> loop.Result:
    """Say why, and leave nothing behind: neither the file nor a volume that was not put in use."""
    if archive.kind == ArchiveKind.IMPORT and not archive.in_use:
        engine.current().drop_volume(_filler(archive), archive.volume)
    store.delete(archive.file)
    told = {"code": failure.code, "message": str(failure), "retrying": False}
    return loop.Result(rest=True, seen={**told, "file": "", "finished_at": timezone.now()})


loop.register(loop.Controller(RECONCILE, Archive, load, reconcile))
