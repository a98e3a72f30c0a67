"""Doorbells that a visitor can make ring with every request."""

import logging

from containers import doorbell
from tenants import seldom

log = logging.getLogger(__name__)


def ring(task: str, key: str, seconds: float) -> None:
    """Ring, unless somebody has within so many seconds."""
    if seldom.first(f"{task}/{key}", seconds):
        log.info("%s is asked for", task)
        doorbell.ring(task, key)
