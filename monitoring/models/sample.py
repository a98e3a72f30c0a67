"""Numbers of running containers, as the agent measured them."""

from django.db import models

from containers.models import Container


class Sample(models.Model):
    """The newest measurement of a container; written by the agent alone. Bytes; percent of one core."""

    container = models.OneToOneField(Container, models.CASCADE, primary_key=True, related_name="sample")
    sampled_at = models.DateTimeField()
    cpu_percent = models.FloatField(null=True, help_text="Since the sample before; empty on the first one.")
    memory_used = models.PositiveBigIntegerField(help_text="Without the page cache.")
    memory_limit = models.PositiveBigIntegerField()
    network_rx = models.PositiveBigIntegerField()
    network_tx = models.PositiveBigIntegerField()
    block_read = models.PositiveBigIntegerField(default=0)
    block_write = models.PositiveBigIntegerField(default=0)
    pids = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.container} at {self.sampled_at:%H:%M:%S}"

    @property
    def memory_percent(self) -> float:
        return 100 * self.memory_used / self.memory_limit if self.memory_limit else 0.0
