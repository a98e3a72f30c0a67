"""The row as outbox, schedule and lease: everything the reconcile loop keeps about an object."""

from typing import Any, Self, TypeVar

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

Row = TypeVar("Row", bound="Scheduled")


class ScheduledQuerySet(models.QuerySet[Row]):
    def due(self) -> Self:
        """Rows that want a pass now and that nobody holds."""
        now = timezone.now()
        return self.filter(Q(lease_until=None) | Q(lease_until__lt=now), next_check_at__lte=now)

    def ring(self, **fields: Any) -> int:
        """Make the rows due, durably: inside the transaction that changed what they depend on.

        `rings` grows, so that a pass which began before cannot put the rows to sleep again. `fields` are written along.
        """
        return self.update(rings=F("rings") + 1, next_check_at=timezone.now(), **fields)

    def retry(self) -> int:
        """Ring, and forget earlier failures: a person asked for it."""
        return self.ring(failures=0, code="", message="", retrying=True)


class Scheduled(models.Model):
    """A row that a controller of `containers.loop` brings in line with the world, again and again."""

    rings = models.PositiveBigIntegerField(default=0, editable=False)
    next_check_at = models.DateTimeField(
        default=timezone.now, null=True, db_index=True, editable=False, help_text="Empty: at rest until rung."
    )
    lease_holder = models.CharField(max_length=36, blank=True, editable=False)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    # Passes begun since one last ended in order: above 1, an earlier pass may have left something behind.
    attempts = models.PositiveIntegerField(default=0, editable=False)
    failures = models.PositiveIntegerField(default=0, editable=False)
    code = models.CharField(max_length=60, blank=True, editable=False, help_text="Stable code of the last failure.")
    message = models.TextField(blank=True, editable=False)
    retrying = models.BooleanField(default=True, editable=False, help_text="Off: the failure needs a person.")

    objects = ScheduledQuerySet.as_manager()

    class Meta:
        abstract = True

    @property
    def first_attempt(self) -> bool:
        """Whether no earlier pass can have left anything outside that this row does not know of."""
        return self.attempts <= 1 and self.failures == 0
