import datetime

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from tenants import audit, idempotency


@shared_task(name="tenants.prune_audit")
def prune_audit() -> None:
    """Drop what is older than `AUDIT_DAYS`; 0 keeps everything."""
    if settings.AUDIT_DAYS:
        audit.prune(timezone.now() - datetime.timedelta(days=settings.AUDIT_DAYS))


@shared_task(name="tenants.prune_idempotency_keys")
def prune_idempotency_keys() -> None:
    idempotency.prune()
