"""What would come of a name, before anything is made."""

from containers import admission, placement
from tenants.models import Tenant


def preview(tenant: Tenant, name: str) -> str:
    """The hostname that a new container of that name would get now. Keeps nothing, and holds nobody up.

    Raises `Refused` as `admission.create` does for a name; that asks again, and may choose another domain by then.
    """
    domain = placement.current().likely(tenant)
    return admission.hostname(name, tenant, domain, taken=admission.named(tenant, name)["so_named"])
