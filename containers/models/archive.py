"""Data of a container on its way out or back in."""

import uuid
from enum import StrEnum
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext, gettext_noop

from containers.models.container import Container
from containers.models.schedule import Scheduled


class ArchiveKind(models.TextChoices):
    EXPORT = "export"
    IMPORT = "import"


class ArchiveState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    EXPIRED = "expired"  # it was done, and its file is gone

    @property
    def label(self) -> str:
        """For people."""
        return gettext(self.value)


# What the labels say, for the catalogue.
_LABELS = (
    gettext_noop("queued"),
    gettext_noop("running"),
    gettext_noop("done"),
    gettext_noop("failed"),
    gettext_noop("expired"),
)


class Archive(Scheduled):
    """One download or restore of a data folder. The key can't be guessed; the file is named after it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    container = models.ForeignKey(Container, models.PROTECT, related_name="archives")
    kind = models.CharField(max_length=10, choices=ArchiveKind.choices)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", editable=False
    )
    file = models.CharField(max_length=100, blank=True, editable=False, help_text="In the archives' storage.")
    size = models.PositiveBigIntegerField(default=0, help_text="Bytes of the file.")
    sha256 = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(help_text="An export's file goes then; what is not finished by then has failed.")

    class Meta:
        ordering = ("-created_at",)
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["container"], condition=Q(finished_at=None), name="one_archive_at_a_time")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"

    @property
    def state(self) -> ArchiveState:
        if self.finished_at is None:
            return ArchiveState.RUNNING if self.attempts or self.failures else ArchiveState.QUEUED
        if self.code:
            return ArchiveState.FAILED
        return ArchiveState.EXPIRED if self.kind == ArchiveKind.EXPORT and not self.file else ArchiveState.DONE

    @property
    def available(self) -> bool:
        """Whether there is a file to download."""
        return self.kind == ArchiveKind.EXPORT and self.state is ArchiveState.DONE

    @property
    def volume(self) -> str:
        """The fresh volume that a restore fills."""
        return f"{self.container.engine_name}-data-{self.pk.hex[:12]}"

    @property
    def in_use(self) -> bool:
        """Whether the container has its data from here: from then on it can't be taken back."""
        return self.kind == ArchiveKind.IMPORT and self.container.status.volume == self.volume
