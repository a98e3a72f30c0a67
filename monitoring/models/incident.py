"""What happened to containers at their engine, as the agent saw it."""

from typing import ClassVar

from django.db import models

from containers.models import Container


class Kind(models.TextChoices):
    """As sockets are told, too; the label is for people."""

    STARTED = "started", "started"
    DIED = "died", "ended"
    OOM = "oom", "ran out of memory"
    KILLED = "killed", "got a signal"
    STOPPED = "stopped", "stopped"
    PAUSED = "paused", "paused"
    UNPAUSED = "unpaused", "resumed"
    DESTROYED = "destroyed", "removed"
    HEALTHY = "healthy", "healthy"
    UNHEALTHY = "unhealthy", "unhealthy"


class Incident(models.Model):
    """One thing that happened; written by the agent alone, kept for `EVENTS_DAYS`, the newest of each container."""

    container = models.ForeignKey(Container, models.CASCADE, related_name="incidents")
    at = models.DateTimeField(help_text="By the engine's clock.")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    exit_code = models.IntegerField(null=True, blank=True, help_text="Of what ended.")

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["container", "-at"], name="incident_newest"),
            models.Index(fields=["at"], name="incident_oldest"),
        ]
        ordering = ("-at", "-pk")

    def __str__(self) -> str:
        return f"{self.container} {self.words}"

    @property
    def words(self) -> str:
        """What people read after its time."""
        said = Kind(self.kind).label
        return f"{said} with exit code {self.exit_code}" if self.exit_code is not None else str(said)
