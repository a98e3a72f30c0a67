import datetime

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from tenants import audit, consumption, doorbell, idempotency, standing
from tenants.mail import outbox
from tenants.models import Invitation


@shared_task(name="tenants.prune_audit")
def prune_audit() -> None:
    """Drop what is older than `AUDIT_DAYS`; 0 keeps everything."""
    if settings.AUDIT_DAYS:
        audit.prune(timezone.now() - datetime.timedelta(days=settings.AUDIT_DAYS))


@shared_task(name="tenants.prune")
def prune() -> None:
    """Drop what is of no use any more: old keys of repeated requests, and old invitations."""
    idempotency.prune()
    Invitation.objects.bygone().delete()


@shared_task(name=standing.FOLLOW)
def follow_plan(pk: str) -> None:
    standing.plan_edited(pk)


@shared_task(name="tenants.sweep_plans")
def sweep_plans() -> None:
    """Have follow whoever does not stand as decided: the message about an edited plan may be lost."""
    standing.follow(consumption.strayed())


@shared_task(name=outbox.SEND)
def send_mail(pk: str) -> None:
    outbox.send(pk)


@shared_task(name="tenants.sweep_mail")
def sweep_mail() -> None:
    """Ring every mail that is due: whatever the broker lost, and whatever is to be tried again."""
    outbox.tidy()
    for pk in outbox.due():
        doorbell.send(outbox.SEND, pk)
