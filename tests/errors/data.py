"""Refusals about a container's data: taking it along, and restoring it."""

import io
import shutil
import tarfile
import tempfile
from typing import Any

from django.test import override_settings
from django.utils import timezone

from containers import admission, loop
from containers.archives import RECONCILE, asking
from containers.models import Archive, Container
from tenants.models.plan import MIB
from tests.errors.world import Cause, World


def _packed() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        archive.addfile(tarfile.TarInfo("a"))
    return buffer.getvalue()


ARCHIVE = _packed()


def _archives(ask: Cause, **changed: Any) -> Cause:
    """With a folder of its own for archives."""

    def caused(w: World) -> Any:
        folder = tempfile.mkdtemp(prefix="warren-test.")
        try:
            with override_settings(ARCHIVE_ROOT=folder, **changed):
                return ask(w)
        finally:
            shutil.rmtree(folder)

    return caused


def _restore(w: World, data: bytes = b"", **more: Any) -> Any:
    return w.of(w.data, "imports/", data, format=None, content_type="application/gzip", **more)


def _too_large(w: World) -> Any:
    Container.objects.filter(pk=w.data.pk).update(storage=MIB)
    return asking.check_upload(Container.objects.get(pk=w.data.pk), 4 * MIB, actor=w.alice)


def _twice(w: World) -> Any:
    w.of(w.data, "exports/")
    return w.of(w.data, "exports/")


def _cancel(w: World) -> Any:
    where = w.of(w.data, "exports/").headers["Location"].partition("/api/v1/")[2]
    rows = Archive.objects.filter(container=w.data)
    rows.update(finished_at=timezone.now())
    return w.api(w.alice, "delete", where)


def _applied(w: World) -> Any:
    where = _restore(w, data=ARCHIVE).headers["Location"].partition("/api/v1/")[2]
    loop.run(RECONCILE, Archive.objects.get(container=w.data).pk)
    return w.api(w.alice, "delete", where)


def _not_made(w: World) -> Any:
    made = admission.create(actor=w.alice, tenant=w.acme, template=w.notes, name="fresh")
    return w.of(made, "exports/")


CAUSES: dict[str, Cause] = {
    "Sends an archive without saying its length": _archives(lambda w: _restore(w, CONTENT_LENGTH="")),
    "Sends an archive that is too large": _archives(_too_large),
    "Sends an archive for which the disk has no room": _archives(lambda w: _restore(w, ARCHIVE), ARCHIVE_RESERVE=2**60),
    "Sends an archive of another kind": _archives(
        lambda w: w.of(w.data, "imports/", "x", format=None, content_type="text/plain")
    ),
    "Asks for data of a container without a data folder": _archives(lambda w: w.of(w.box, "exports/")),
    "Asks for data of a container that was not made yet": _archives(_not_made),
    "Asks for data while they are copied": _archives(_twice),
    "Cancels a download that is done": _archives(_cancel),
    "Cancels a restore whose data is in use": _archives(_applied),
}
