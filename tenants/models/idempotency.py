from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone


class IdempotencyKey(models.Model):
    """A request that its sender may repeat, and the answer to it. Written by `tenants.idempotency` alone."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    route = models.CharField(max_length=100)
    key = models.CharField(max_length=255)
    digest = models.CharField(max_length=64, help_text="Of what was asked for.")
    # Until then somebody works on it. It is the mark of that claim as well: no two are the same.
    locked_until = models.DateTimeField()
    status = models.PositiveSmallIntegerField(null=True, help_text="Empty: not answered yet.")
    headers = models.JSONField(default=dict)
    answer = models.TextField(blank=True, help_text="JSON, as it was sent.")
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["user", "route", "key"], name="one_answer_to_a_key")
        ]

    def __str__(self) -> str:
        return f"{self.route} {self.key}"
