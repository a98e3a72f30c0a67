"""What people may ask of a container's data: each request is checked, saved and put on record in one transaction."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from containers import doorbell
from containers.archives import CANCELLED, RECONCILE, store
from containers.archives.rules import allowance
from containers.going import require_staying
from containers.models import Archive, ArchiveKind, Container, ContainerStatus, EngineState
from tenants import audit
from tenants.events import Action
from tenants.models import User
from tenants.models.plan import MIB
from tenants.refusal import Refused
from tenants.standing import require_running
from tenants.words import gettext as _


def export(container: Container, *, actor: User) -> Archive:
    """Want a file of the container's data. Files of earlier exports make room for it."""
    with (
        audit.refusals(Action.CONTAINER_EXPORT, actor=actor, target=container, tenant=container.tenant),
        transaction.atomic(),
    ):
        row = _free(container)
        if row.status.state == EngineState.ABSENT:
            raise Refused(
                "no_data_yet",
                _("This container was not made yet; there is no data to download. Wait until it runs."),
                status=409,
            )
        earlier = row.archives.filter(kind=ArchiveKind.EXPORT).exclude(file="")
        made = _make(row, actor, ArchiveKind.EXPORT)
        earlier.exclude(pk=made.pk).ring(expires_at=timezone.now())
        audit.record(Action.CONTAINER_EXPORT, actor=actor, target=row, tenant=row.tenant, archive=str(made.pk))
    return made


def check_upload(container: Container, length: int | None, *, actor: User) -> None:
    """Raises `Refused` for what need not be read: the view does nothing with it, though a server like Daphne has put
    all of it on disk by then. What must not even be received is for the proxy in front to refuse.

    `length`: bytes of the body, as announced.
    """
    with audit.refusals(Action.CONTAINER_IMPORT, actor=actor, target=container, tenant=container.tenant):
        if length is None:
            raise Refused(
                "length_required", _("Say how long the archive is, with the header Content-Length."), status=411
            )
        if length > _longest(container):
            raise Refused(
                "archive_too_large",
                _(
                    "The archive is larger than the %(storage)s MiB of storage that the container has; "
                    "leave some of it out."
                )
                % {"storage": container.storage // MIB},
                status=413,
                limit=container.storage,
            )
        with transaction.atomic():
            _free(container)
        try:
            store.require_room(length)
        except store.NoRoom as exc:
            raise _no_room(exc) from exc


def restore(container: Container, file: Any, *, actor: User) -> Archive:
    """Want the container's data replaced by what is in the archive; `file` is anything that Django can store."""
    with audit.refusals(Action.CONTAINER_IMPORT, actor=actor, target=container, tenant=container.tenant):
        try:
            name = store.keep(file)
        except store.NoRoom as exc:
            raise _no_room(exc) from exc
    try:
        with (
            audit.refusals(Action.CONTAINER_IMPORT, actor=actor, target=container, tenant=container.tenant),
            transaction.atomic(),
        ):
            row = _free(container)
            made = _make(row, actor, ArchiveKind.IMPORT, file=name, size=store.size(name))
            audit.record(Action.CONTAINER_IMPORT, actor=actor, target=row, tenant=row.tenant, archive=str(made.pk))
    except Exception:  # whatever it was, and it goes on: no row names the file, so nobody else would take it away
        store.delete(name)
        raise
    return made


def cancel(archive: Archive, *, actor: User) -> Archive:
    """Want it no longer: whoever works at it stops and clears up. Not once its data is in use."""
    container = archive.container
    action = Action.CONTAINER_EXPORT_CANCEL if archive.kind == ArchiveKind.EXPORT else Action.CONTAINER_IMPORT_CANCEL
    with audit.refusals(action, actor=actor, target=container, tenant=container.tenant), transaction.atomic():
        status = ContainerStatus.objects.select_for_update().get(pk=container.pk)
        row = Archive.objects.select_for_update(of=("self",)).select_related("container__status").get(pk=archive.pk)
        row.container.status = status
        if row.finished_at:
            raise Refused(
                "archive_finished",
                _("It has come to its end already; there is nothing to cancel. Look again to see what came of it."),
                status=409,
            )
        if row.in_use:
            raise Refused(
                "archive_applied",
                _("The data is replaced already; that can't be cancelled. Restore another archive to change it again."),
                status=409,
            )
        said = {"code": CANCELLED, "message": "Somebody cancelled it."}
        Archive.objects.filter(pk=row.pk).ring(expires_at=timezone.now(), **said)
        doorbell.ring(RECONCILE, row.pk)
        audit.record(action, actor=actor, target=container, tenant=container.tenant, archive=str(row.pk))
    row.refresh_from_db()
    return row


def _longest(container: Container) -> int:
    """Bytes of a body: what may come out of it, what zipping adds to what it can't make smaller, and a form's own."""
    allowed = allowance(container.storage)
    return allowed + allowed // 256 + MIB


def _no_room(exc: store.NoRoom) -> Refused:
    return Refused("archive_no_room", exc.args[0], status=507)


def _free(container: Container) -> Container:
    """The container, locked, if its data can be worked on."""
    row = Container.objects.select_for_update(of=("self",)).select_related("tenant").get(pk=container.pk)
    require_staying(row)
    require_running(row.tenant)
    if not row.data_folder:
        raise Refused(
            "no_data_folder",
            _("This container keeps no data: its template has no data folder. Others have; see when creating one."),
            status=409,
        )
    if row.archives.filter(finished_at=None).exists():
        raise Refused(
            "archive_in_progress",
            _("The data of this container is being downloaded or restored just now; wait until that is done."),
            status=409,
        )
    return row


def _make(container: Container, actor: User, kind: ArchiveKind, **fields: Any) -> Archive:
    expires = timezone.now() + timedelta(hours=settings.ARCHIVE_HOURS)
    made = Archive.objects.create(container=container, requested_by=actor, kind=kind, expires_at=expires, **fields)
    doorbell.ring(RECONCILE, made.pk)
    return made
