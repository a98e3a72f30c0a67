"""What people may ask of a container's data: each request is checked, saved and put on record in one transaction."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from containers import doorbell
from containers.archives import RECONCILE, store
from containers.models import Archive, ArchiveKind, Container, Desired
from tenants import audit
from tenants.events import Action
from tenants.models import User
from tenants.models.plan import MIB
from tenants.refusal import Refused
from tenants.standing import require_running


def export(container: Container, *, actor: User) -> Archive:
    """Want a file of the container's data. Files of earlier exports make room for it."""
    with (
        audit.refusals(Action.CONTAINER_EXPORT, actor=actor, target=container, tenant=container.tenant),
        transaction.atomic(),
    ):
        row = _free(container)
        earlier = row.archives.filter(kind=ArchiveKind.EXPORT).exclude(file="")
        made = _make(row, actor, ArchiveKind.EXPORT)
        earlier.exclude(pk=made.pk).ring(expires_at=timezone.now())
        audit.record(Action.CONTAINER_EXPORT, actor=actor, target=row, tenant=row.tenant, archive=str(made.pk))
    return made


def check_upload(container: Container, length: int | None, *, actor: User) -> None:
    """Raises `Refused` for what need not even be received. `length`: bytes that are to come, as announced."""
    with audit.refusals(Action.CONTAINER_IMPORT, actor=actor, target=container, tenant=container.tenant):
        if length is None:
            raise Refused("length_required", "Say how long the archive is (Content-Length).", status=411)
        if length > container.storage + MIB:  # the form around it
            raise Refused(
                "archive_too_large",
                f"The archive is larger than the {container.storage // MIB} MiB of storage that the container has.",
                status=413,
                limit=container.storage,
            )
        with transaction.atomic():
            _free(container)


def restore(container: Container, file: Any, *, actor: User) -> Archive:
    """Want the container's data replaced by what is in the archive; `file` is anything that Django can store."""
    name = store.keep(file)
    try:
        with (
            audit.refusals(Action.CONTAINER_IMPORT, actor=actor, target=container, tenant=container.tenant),
            transaction.atomic(),
        ):
            row = _free(container)
            made = _make(row, actor, ArchiveKind.IMPORT, file=name, size=store.size(name))
            audit.record(Action.CONTAINER_IMPORT, actor=actor, target=row, tenant=row.tenant, archive=str(made.pk))
    except Refused:
        store.delete(name)
        raise
    return made


def _free(container: Container) -> Container:
    """The container, locked, if its data can be worked on."""
    row = Container.objects.select_for_update(of=("self",)).select_related("tenant").get(pk=container.pk)
    if row.deleted_at or row.desired == Desired.ABSENT:
        raise Refused("being_deleted", "This container is being deleted; nothing else can be done.", status=409)
    require_running(row.tenant)
    if not row.data_folder:
        raise Refused("no_data_folder", "This container keeps no data: its template names no data folder.", status=409)
    if row.archives.filter(finished_at=None).exists():
        raise Refused(
            "archive_in_progress",
            "The data of this container is being downloaded or restored just now; wait until that is done.",
            status=409,
        )
    return row


def _make(container: Container, actor: User, kind: ArchiveKind, **fields: Any) -> Archive:
    expires = timezone.now() + timedelta(hours=settings.ARCHIVE_HOURS)
    made = Archive.objects.create(container=container, requested_by=actor, kind=kind, expires_at=expires, **fields)
    doorbell.ring(RECONCILE, made.pk)
    return made
