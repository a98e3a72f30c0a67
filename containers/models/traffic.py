"""What containers moved over the network, by calendar months: of this a plan's bandwidth is used."""

from typing import ClassVar

from django.db import models

from containers.models.container import Container


class Traffic(models.Model):
    """Of one container, in one month of UTC; deleted ones keep theirs. Written by whoever measures, alone."""

    container = models.ForeignKey(Container, models.PROTECT, related_name="traffic", db_index=False)
    month = models.DateField(help_text="Its first day.")
    received = models.PositiveBigIntegerField(help_text="Bytes.")
    sent = models.PositiveBigIntegerField(help_text="Bytes.")

    class Meta:
        verbose_name_plural = "traffic"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["container", "month"], name="one_traffic_of_a_month")
        ]

    def __str__(self) -> str:
        return f"{self.container_id} in {self.month:%Y-%m}"
