"""What was seen. Reconcilers write these rows with guarded updates; nobody else does."""

from typing import ClassVar

from django.db import models

from containers.models.container import Container
from containers.models.schedule import Scheduled


class EngineState(models.TextChoices):
    ABSENT = "absent"
    CREATED = "created"
    RUNNING = "running"
    RESTARTING = "restarting"  # its program keeps ending; the engine starts it again and again
    EXITED = "exited"


class ContainerStatus(Scheduled):
    container = models.OneToOneField(Container, models.PROTECT, primary_key=True, related_name="status")
    observed_generation = models.PositiveBigIntegerField(default=0)
    state = models.CharField(max_length=10, choices=EngineState.choices, default=EngineState.ABSENT)
    engine_id = models.CharField(max_length=64, blank=True)
    started_at = models.CharField(max_length=40, blank=True, help_text="As the engine spells it.")
    exit_code = models.IntegerField(null=True, blank=True)
    oom_killed = models.BooleanField(default=False)
    hostname = models.CharField(
        max_length=63, blank=True, help_text="That answers: the earlier one until a rename's cut-over. Empty: none yet."
    )
    memory_pending = models.BooleanField(
        default=False, help_text="It uses more than its new memory limit; the earlier one holds for now."
    )
    storage_used = models.PositiveBigIntegerField(null=True, blank=True, help_text="Bytes, as last measured.")
    storage_capped = models.BooleanField(default=False, help_text="The engine stops it at its storage limit.")
    data_capped = models.BooleanField(default=False, help_text="The same, on its data volume.")
    layer_limit = models.PositiveBigIntegerField(default=0, help_text="Bytes at which it is stopped; 0: at none.")
    data_limit = models.PositiveBigIntegerField(default=0, help_text="The same, on its data volume.")
    volume = models.CharField(
        max_length=100, blank=True, help_text="What holds the data since a restore; empty: the first volume."
    )

    class Meta:
        verbose_name_plural = "container statuses"

    def __str__(self) -> str:
        return f"{self.container}: {self.state}"


class Condition(models.Model):
    """One thing that must hold, as its reconciler last saw it: Running, Published, Connected."""

    container = models.ForeignKey(Container, models.PROTECT, related_name="conditions")
    type = models.CharField(max_length=20)
    status = models.BooleanField(null=True, help_text="Empty: not known yet.")
    reason = models.CharField(max_length=60, blank=True)
    message = models.TextField(blank=True)
    observed_generation = models.PositiveBigIntegerField(default=0)
    changed_at = models.DateTimeField(null=True, blank=True)
    met_at = models.DateTimeField(null=True, blank=True, help_text="When it held for the first time.")
    # {name: {"state", "started_at", "finished_at", "message"}}, written and read by `containers.steps` alone.
    steps = models.JSONField(default=dict, blank=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["container", "type"], name="one_condition_of_a_type")
        ]
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"{self.type}={self.status}"
