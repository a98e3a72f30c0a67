"""What beat rings: grants whose end has come, and those whose guests are to be told that it comes."""

import logging

from celery import shared_task

from access import ending, letters
from access.visits import pruning

log = logging.getLogger(__name__)


@shared_task(name="access.sweep_grants")
def sweep_grants() -> None:
    """Each container by itself: what hinders one keeps nobody else in."""
    for pk in ending.due():
        try:
            ending.expire(pk)
        except Exception:  # a bug that one container brings to light: told in the log, and tried again in 2 seconds
            log.exception("the end of grants of container %s could not be noted", pk)


@shared_task(name="access.warn_guests")
def warn_guests() -> None:
    letters.warn()
    letters.catch_up()


@shared_task(name="access.prune_visits")
def prune_visits() -> None:
    pruning.prune()
