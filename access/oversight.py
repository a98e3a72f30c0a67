"""What staff do about grants, who belong to no tenant; whether they may is asked where they do it."""

from django.db import transaction

from access import changed, ending, sharing
from access.models import Ended, Grant
from containers.models import Container
from tenants import audit
from tenants.events import Action
from tenants.models import User


def revoke(grant: Grant, *, actor: User) -> bool:
    """End it now, as `sharing.revoke` does; False where it had ended already."""
    with transaction.atomic():
        container = sharing.lock(grant.container)
        fresh = Grant.objects.select_related("container__tenant").get(pk=grant.pk)
        if fresh.ended_at:
            return False
        ending.end([fresh], Ended.REVOKED, actor)
        changed.tell(container.pk)
    return True


def resync(container: Container, *, actor: User) -> None:
    """Have the edge compared with the grants now, as if they had changed."""
    with transaction.atomic():
        row = sharing.lock(container)
        changed.tell(row.pk)
        audit.record(Action.ADMIN_RECONCILE, actor=actor, target=row, tenant=row.tenant)
