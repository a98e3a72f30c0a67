"""One worker at a time per row, by compare-and-set; a crashed holder delays, it never blocks."""

import datetime
import time
import uuid
from typing import Any

from django.conf import settings
from django.db.models import F
from django.utils import timezone

from containers.errors import LeaseLost
from containers.models import Scheduled


class Lease:
    """The right to act for a row until `LEASE_SECONDS` have passed since it was taken or renewed."""

    def __init__(self, model: type[Scheduled], pk: Any, holder: str) -> None:
        self.model, self.pk, self.holder = model, pk, holder
        self._taken = time.monotonic()

    @classmethod
    def take(cls, model: type[Scheduled], pk: Any) -> "Lease | None":
        """None when the row is not due or somebody holds it: nothing to do here then."""
        holder = str(uuid.uuid4())
        taken = (
            model.objects.filter(pk=pk)
            .due()
            .update(lease_holder=holder, lease_until=cls._end(), attempts=F("attempts") + 1)
        )
        return cls(model, pk, holder) if taken else None

    def hold(self) -> None:
        """Call before anything outside: makes sure that a good part of the lease is left, or raises `LeaseLost`."""
        if time.monotonic() - self._taken < settings.LEASE_SECONDS / 3:
            return
        now = time.monotonic()
        if not self.rows().update(lease_until=self._end()):
            raise LeaseLost
        self._taken = now

    def write(self, **fields: Any) -> None:
        """Note what was seen on the row, or raise `LeaseLost` if it is no longer ours."""
        if not self.rows().update(**fields):
            raise LeaseLost

    def rows(self) -> Any:
        """The row, as long as it is ours: guards every write about it."""
        return self.model.objects.filter(pk=self.pk, lease_holder=self.holder)

    @staticmethod
    def _end() -> datetime.datetime:
        return timezone.now() + datetime.timedelta(seconds=settings.LEASE_SECONDS)
