"""What containers did over time, and where their counters stood."""

from typing import ClassVar

from django.db import models

from containers.models import Container


class History(models.Model):
    """One container over one stretch of time, as measured; where nothing was measured there is no row.

    Bytes; percent of one core. Rows of 10 seconds are the agent's; coarser ones are made of them (`history.rolling`).
    """

    container = models.ForeignKey(Container, models.CASCADE, related_name="history", db_index=False)
    resolution = models.PositiveSmallIntegerField(help_text="Seconds that the stretch lasts: 10, 60 or 900.")
    at = models.BigIntegerField(help_text="Its beginning, in seconds since 1970.")
    samples = models.PositiveIntegerField(help_text="How often it was measured: the weight of the averages.")
    cpu_samples = models.PositiveIntegerField(help_text="The same, of the CPU: not the first time after a start.")
    cpu = models.FloatField(null=True, help_text="Average; empty where there was nothing to compare with.")
    cpu_max = models.FloatField(null=True)
    memory = models.PositiveBigIntegerField(help_text="Average, without the page cache.")
    memory_max = models.PositiveBigIntegerField()
    rx = models.PositiveBigIntegerField(help_text="Received in it.")
    tx = models.PositiveBigIntegerField(help_text="Sent in it.")
    read = models.PositiveBigIntegerField(help_text="Read from disks in it.")
    write = models.PositiveBigIntegerField(help_text="Written to disks in it.")
    pids = models.PositiveIntegerField(help_text="Processes and threads, the most there were.")

    class Meta:
        verbose_name_plural = "history"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["container", "resolution", "at"], name="one_row_of_a_stretch")
        ]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["resolution", "at"], name="history_by_time")]

    def __str__(self) -> str:
        return f"{self.container_id}: {self.resolution} s from {self.at}"


class Meter(models.Model):
    """A container's counters as its newest row of history left them: what is beyond them was not counted yet."""

    container = models.OneToOneField(Container, models.CASCADE, primary_key=True, related_name="meter")
    rx = models.PositiveBigIntegerField()
    tx = models.PositiveBigIntegerField()
    read = models.PositiveBigIntegerField()
    write = models.PositiveBigIntegerField()

    def __str__(self) -> str:
        return f"{self.container_id}: {self.rx} bytes in, {self.tx} out"
