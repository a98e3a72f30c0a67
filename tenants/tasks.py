import datetime

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from tenants import audit, doorbell, idempotency
from tenants.mail import outbox


@shared_task(name="tenants.prune_audit")
def prune_audit() -> None:
    """Drop what is older than `AUDIT_DAYS`; 0 keeps everything."""
    if settings.AUDIT_DAYS:
        audit.prune(timezone.now() - datetime.timedelta(days=settings.AUDIT_DAYS))


@shared_task(name="tenants.prune_idempotency_keys")
def prune_idempotency_keys() -> None:
    idempotency.prune()


@shared_task(name=outbox.SEND)
def send_mail(pk: str) -> None:
    outbox.send(pk)


@shared_task(name="tenants.sweep_mail")
def sweep_mail() -> None:
    """Ring every mail that is due: whatever the broker lost, and whatever is to be tried again."""
    outbox.tidy()
    for pk in outbox.due():
        doorbell.send(outbox.SEND, pk)
