"""Have an object compared with the world now, and not only at its next resync: staff ask for that."""

from typing import Any

from django.db import transaction
from django.dispatch import Signal

from containers import doorbell, loop
from containers.models import Scheduled
from tenants import audit
from tenants.events import Action
from tenants.models import Tenant, User

# Sent with `pk` by the row's class, in the transaction that makes the row due: ring what of yours belongs to it.
asked = Signal()


def at(row: Scheduled, *, actor: User, target: Any = None, tenant: Tenant | None = None) -> None:
    """Ring the row and what belongs to it. `target` is what the record names, the row itself if nothing else."""
    (controller,) = [known for known in loop.controllers() if known.model is type(row)]
    with transaction.atomic():
        controller.model.objects.filter(pk=row.pk).ring()
        doorbell.ring(controller.name, row.pk)
        asked.send(type(row), pk=row.pk)
        audit.record(Action.ADMIN_RECONCILE, actor=actor, target=target or row, tenant=tenant)
