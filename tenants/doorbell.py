"""Wakes a worker for one object. Losing a ring costs time only: the row is due, and the sweep finds it."""

from typing import Any

from celery import current_app
from django.db import transaction


def ring(task: str, pk: Any) -> None:
    """Send task `task` the key `pk`, once the transaction at hand has committed."""
    # A lambda, because Django logs the hook's __qualname__ when it fails, and a partial has none.
    # Robust, because a broker that is away must not turn a committed change into an error page.
    transaction.on_commit(lambda: send(task, pk), robust=True)


def send(task: str, pk: Any) -> None:
    """Send at once; raises where the broker is away."""
    current_app.send_task(task, args=[str(pk)], ignore_result=True)
