"""What beat rings: grants whose end has come, and those whose guests are to be told that it comes."""

from celery import shared_task

from access import ending, letters
from access.visits import pruning


@shared_task(name="access.sweep_grants")
def sweep_grants() -> None:
    """Each container by itself: what hinders one keeps nobody else in."""
    for pk in ending.due():
        ending.expire(pk)


@shared_task(name="access.warn_guests")
def warn_guests() -> None:
    letters.warn()


@shared_task(name="access.prune_visits")
def prune_visits() -> None:
    pruning.prune()
