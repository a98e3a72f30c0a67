"""Brings one archive to its end: data out of a container into a file, or out of a file into a container.

A restore never touches the data that is there. It fills a fresh volume, by a container that never runs, and only when
that is whole does the container's row name it: with that the container is of another spec, and its own reconciler
replaces it, stopping it just for that. So a kill at any moment leaves the old data or the new, and never a mixture;
the next pass begins the fresh volume again. The old volume goes last, once the engine says that nothing uses it.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import PurePosixPath
from tarfile import ReadError, TarInfo
from typing import IO, Any

from django.conf import settings
from django.utils import timezone

from containers import engine, loop, specs
from containers import reconcile as container_reconcile
from containers.archives import RECONCILE, store
from containers.archives.reading import Chunks, Unfit, entries, packed, unzipped, whole, zipped
from containers.archives.rules import Check
from containers.engine.base import ContainerSpec
from containers.errors import Failed, Retryable, Terminal
from containers.lease import Lease
from containers.models import Archive, ArchiveKind, Container, ContainerStatus, Desired

WAIT = 20.0  # seconds until an archive looks whether its container was replaced, should the ring be lost
TRIES = 3  # at data that changes while it is read


def load(pk: Any) -> Archive:
    return Archive.objects.select_related("container__tenant", "container__status").get(pk=pk)


def reconcile(archive: Archive, lease: Lease) -> loop.Result:
    if archive.finished_at:
        return _kept(archive)
    try:
        if archive.container.desired == Desired.ABSENT:
            raise Terminal("being_deleted", "The container was deleted before this was done.")
        if archive.expires_at < timezone.now():
            raise Terminal("archive_late", f"It was not done in time. {archive.message}".strip())
        return _export(archive, lease) if archive.kind == ArchiveKind.EXPORT else _restore(archive, lease)
    except Terminal as failure:
        return _given_up(archive, failure)


def _kept(archive: Archive) -> loop.Result:
    """Finished: until it expires, its file stays, and what came of it in any case."""
    told = {"code": archive.code, "message": archive.message, "retrying": archive.retrying}
    left = (archive.expires_at - timezone.now()).total_seconds()
    if archive.file and left > 0:
        return loop.Result(after=left, seen=told)
    store.delete(archive.file)
    return loop.Result(rest=True, seen={**told, "file": ""})


def _export(archive: Archive, lease: Lease) -> loop.Result:
    container = archive.container
    seen, left_out = hashlib.sha256(), [0]

    def pieces() -> Iterator[bytes]:
        raw = engine.current().read_folder(container.engine_name, container.data_folder)
        prefix = PurePosixPath(container.data_folder).name
        tar = packed(_fit(Check(container.data_folder, prefix=prefix), Chunks(raw), left_out))
        for piece in zipped(tar):
            lease.hold()
            seen.update(piece)
            yield piece

    lease.hold()
    try:
        name = store.save(pieces())
    except (ReadError, Unfit) as exc:
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


def _fit(check: Check, raw: Any, left_out: list[int]) -> Iterator[tuple[TarInfo, IO[bytes] | None]]:
    """What an import would take; the rest is counted."""
    for entry, content in entries(raw):
        if entry.isreg():
            entry.mode &= ~0o6000  # nothing in a container becomes somebody else by it anyway
        try:
            yield check.admit(entry), content
        except Unfit:
            left_out[0] += 1


def _restore(archive: Archive, lease: Lease) -> loop.Result:
    container, current = archive.container, engine.current()
    fresh = f"{container.engine_name}-data-{archive.pk.hex[:12]}"
    if container.status.volume == fresh:
        for old in set(current.volumes(specs.owned(container))) - {fresh}:
            lease.hold()
            current.remove_volume(old)
        store.delete(archive.file)
        return loop.Result(rest=True, seen={"file": "", "finished_at": timezone.now()})
    digest = _validated(archive, lease)
    spec = replace(specs.container(container), volume=fresh, copy_up=False)
    lease.hold()
    if not current.has_image(spec.image):
        current.pull(spec.image, lambda line: lease.hold())
    _fill(archive, lease, spec)
    if Container.objects.filter(pk=container.pk, desired=Desired.ABSENT).exists():
        raise Terminal("being_deleted", "The container was deleted before this was done.")
    lease.write(sha256=digest)  # or somebody else has taken over, and it is theirs to say
    ContainerStatus.objects.filter(pk=container.pk).ring(volume=fresh)
    return loop.Result(after=WAIT, rings=((container_reconcile.CONTAINER, container.pk),))


def _validated(archive: Archive, lease: Lease) -> str:
    """Read all of it before anything is touched; returns the file's sum. Raises `Unfit`."""
    digest = hashlib.sha256()
    check = Check(archive.container.data_folder, archive.container.storage)

    def pieces(file: IO[bytes]) -> Iterator[bytes]:
        while piece := file.read(1024 * 1024):
            lease.hold()
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
            lease.hold()
            found += 1
        if not found:
            raise Unfit("There is nothing in the archive.")
    return digest.hexdigest()


def _fill(archive: Archive, lease: Lease, spec: ContainerSpec) -> None:
    check = Check(archive.container.data_folder, archive.container.storage)
    root = PurePosixPath(spec.data_folder).name

    def renamed(file: IO[bytes]) -> Iterator[tuple[TarInfo, IO[bytes] | None]]:
        for entry, content in entries(unzipped(file)):
            clean = check.admit(entry)
            clean.name = root if clean.name == "." else f"{root}/{clean.name}"
            if clean.islnk():
                clean.linkname = f"{root}/{clean.linkname}"
            yield clean, content

    def held(pieces: Iterable[bytes]) -> Iterator[bytes]:
        for piece in pieces:
            lease.hold()
            yield piece

    with store.opened(archive.file) as file:
        engine.current().fill_volume(_filler(archive), spec, held(packed(renamed(file))))


def _filler(archive: Archive) -> str:
    return f"{settings.INSTALLATION}-archive-{archive.pk.hex[:12]}"


def _given_up(archive: Archive, failure: Failed) -> loop.Result:
    """Say why, and leave nothing behind: neither the file nor a volume that was not put in use."""
    if archive.kind == ArchiveKind.IMPORT:
        fresh = f"{archive.container.engine_name}-data-{archive.pk.hex[:12]}"
        if archive.container.status.volume != fresh:
            engine.current().drop_volume(_filler(archive), fresh)
    store.delete(archive.file)
    told = {"code": failure.code, "message": str(failure), "retrying": False}
    return loop.Result(rest=True, seen={**told, "file": "", "finished_at": timezone.now()})


loop.register(loop.Controller(RECONCILE, Archive, load, reconcile))
