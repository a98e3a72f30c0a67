"""Doorbells' other end: a task carries a key, and nothing else."""

from celery import shared_task

from cloudflare import drift, seats, survey, visits
from cloudflare.entrance import keys, staff
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


@shared_task(name=names.VISITS)
def import_account_visits(pk: str) -> None:
    answer(names.VISITS, pk)


@shared_task(name="cloudflare.import_visits")
def import_visits() -> None:
    for pk in visits.due():
        doorbell.send(names.VISITS, pk)


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


@shared_task(name=keys.REFRESH)
def refresh_keys(team: str = "") -> None:
    """Beat rings it, and whoever comes with a key that is not known."""
    keys.refresh()


@shared_task(name=staff.CONFIRM)
def confirm_staff_provider(audience: str = "") -> None:
    """Beat rings it, and staff whom Access may not vouch for yet."""
    staff.confirm()


@shared_task(name="cloudflare.survey_seats")
def survey_seats() -> None:
    seats.survey()
