"""Who belongs to a container without having been given anything: the members of its tenant."""

from containers.models import Container
from tenants.models import Membership


def emails(container: Container) -> list[str]:
    """The folded addresses that may enter through the edge, in order; nobody's while the tenant is suspended."""
    return list(
        Membership.objects.filter(
            tenant=container.tenant_id, tenant__suspended_at=None, tenant__deleted_at=None, user__is_active=True
        )
        .order_by("user__email")
        .values_list("user__email", flat=True)
    )
