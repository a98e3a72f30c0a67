"""Doorbells' other end: a task carries a key, and nothing else."""

from celery import shared_task

from cloudflare import drift, seats, survey
from cloudflare.reconcile import names
from containers import doorbell
from containers.tasks import answer


@shared_task(name=names.PUBLICATION)
def reconcile_publication(pk: str) -> None:
    answer(names.PUBLICATION, pk)


@shared_task(name=names.TUNNEL)
def reconcile_tunnel(pk: str) -> None:
    answer(names.TUNNEL, pk)


@shared_task(name=names.CONNECTOR)
def reconcile_connector(pk: str) -> None:
    answer(names.CONNECTOR, pk)


@shared_task(name=names.ZONE)
def reconcile_zone(pk: str) -> None:
    answer(names.ZONE, pk)


@shared_task(name=names.SIGN_OUT)
def reconcile_sign_out(pk: str) -> None:
    answer(names.SIGN_OUT, pk)


@shared_task(name="cloudflare.survey_tunnels")
def survey_tunnels() -> None:
    for task, pk in survey.tunnels():
        doorbell.send(task, pk)


@shared_task(name="cloudflare.survey_drift")
def survey_drift() -> None:
    for task, pk in drift.survey():
        doorbell.send(task, pk)


@shared_task(name="cloudflare.survey_seats")
def survey_seats() -> None:
    seats.survey()
