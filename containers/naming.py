"""What a name makes of a container's address, and whether it can be had."""

from django.db.models import Count, Q

from containers import names, placement
from containers.models import Container
from tenants.models import Tenant
from tenants.refusal import Refused
from tenants.words import gettext as _


def named(tenant: Tenant, name: str) -> dict[str, int]:
    """How many living containers the tenant has, and how many of them are called so, in whichever zone.

    Hold the tenant's lock, or it changes before it was used.
    """
    living = Container.objects.living().filter(tenant=tenant)
    return living.aggregate(living=Count("pk"), so_named=Count("pk", filter=Q(name=name)))


def hostname(name: str, tenant: Tenant, domain: str, *, taken: int) -> str:
    """The hostname that comes of the name. Raises `Refused` for a name that can't be had."""
    full = names.hostname(name, tenant.slug, domain)
    if taken:
        said = _("There is a container %(name)s already; choose another name.") % {"name": name}
        raise Refused("name_taken", said, status=409, field="name")
    return full


def preview(tenant: Tenant, name: str) -> str:
    """The hostname that a new container of that name would get now. Keeps nothing, and holds nobody up.

    Raises `Refused` as `admission.create` does for a name; that asks again, and may choose another domain by then.
    """
    return hostname(name, tenant, placement.current().likely(tenant), taken=named(tenant, name)["so_named"])
