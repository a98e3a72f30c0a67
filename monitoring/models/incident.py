"""What happened to containers at their engine, as the agent saw it."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from containers.models import Container


class Kind(models.TextChoices):
    """As sockets are told, too; the label is for people."""

    STARTED = "started", _("started")
    DIED = "died", _("ended")
    OOM = "oom", _("ran out of memory")
    KILLED = "killed", _("got a signal")
    STOPPED = "stopped", _("stopped")
    PAUSED = "paused", _("paused")
    UNPAUSED = "unpaused", _("resumed")
    DESTROYED = "destroyed", _("removed")
    HEALTHY = "healthy", _("healthy")
    UNHEALTHY = "unhealthy", _("unhealthy")


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
        said = str(Kind(self.kind).label)
        if self.exit_code is None:
            return said
        return gettext("%(what)s with exit code %(code)s") % {"what": said, "code": self.exit_code}
