"""Doorbells' other end: a task carries a key, and nothing else."""

from functools import cache
from typing import Any

from celery import current_app, shared_task

from containers import archives, doorbell, loop, networks, reconcile, storage, survey
from containers.archives import store


def answer(name: str, pk: Any) -> None:
    """Pass over one object, then over the last one of its queue that this pass made due; others take the rest.

    A publication and its tunnel wake each other in turn: staying here saves a round through the broker each time. What
    belongs to another queue is never done here: it may take long, and others wait in this one.
    """
    here: tuple[str, Any] | None = (name, pk)
    while here:
        rung = loop.run(*here)
        again = here in rung  # passed over often enough in one go: others get their turn
        near = [] if again else [one for one in rung if queue(one[0]) == queue(name)]
        here = near[-1] if near else None
        for task, key in rung:
            if (task, key) != here:
                doorbell.send(task, key)


@cache
def queue(task: str) -> str:
    """Where Celery sends it, as `CELERY_TASK_ROUTES` says."""
    found: str = current_app.amqp.router.route({}, task)["queue"].name
    return found


@shared_task(name=reconcile.CONTAINER)
def reconcile_container(pk: str) -> None:
    answer(reconcile.CONTAINER, pk)


@shared_task(name=networks.RECONCILE)
def reconcile_network(pk: str) -> None:
    answer(networks.RECONCILE, pk)


@shared_task(name=archives.RECONCILE)
def reconcile_archive(pk: str) -> None:
    answer(archives.RECONCILE, pk)


@shared_task(name="containers.sweep_archives")
def sweep_archives() -> None:
    """Files that no row knows; those of rows go with their own reconciler, when they expire."""
    store.sweep()


@shared_task(name="containers.sweep_due")
def sweep_due() -> None:
    """Ring every due row of every controller: whatever the broker lost, and whatever was planned for now."""
    for controller in loop.controllers():
        for pk in controller.due():
            doorbell.send(controller.name, pk)


@shared_task(name="containers.survey_engine")
def survey_engine() -> None:
    for pk in survey.engine_differences():
        doorbell.send(reconcile.CONTAINER, pk)


@shared_task(name="containers.measure_storage")
def measure_storage() -> None:
    storage.measure()
