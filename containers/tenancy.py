"""What a tenant's standing means for its containers: the plan's limits, a suspension, the tenant's end."""

from collections.abc import Iterable
from typing import Any

from django.db.models import F, Q
from django.utils import timezone

from containers import admission, usage
from containers.models import Container, Desired
from tenants import audit, consumption
from tenants.events import Action
from tenants.models import Plan, Tenant, User


def follow(tenant: Tenant, actor: User | None) -> None:
    """Bring the rows of its living containers in line; inside the transaction that holds the tenant's lock."""
    living = Container.objects.living().filter(tenant=tenant).exclude(desired=Desired.ABSENT)
    if tenant.deleted_at:
        for container in living.select_related("tenant").order_by("pk"):  # as everybody who locks several
            admission.remove(container, actor=actor)
        return
    for container in living.select_for_update().order_by("pk"):
        container.tenant = tenant
        if not (changes := fit(container, tenant)):
            continue
        for name, value in changes.items():
            setattr(container, name, value)
        container.revision += "internet" in changes  # another network: only a new container at the engine has it
        container.generation += 1
        container.wanted_since = timezone.now()
        container.save()
        if limits := {name: value for name, value in changes.items() if name != "suspended"}:
            audit.record(Action.CONTAINER_FIT, actor=actor, target=container, tenant=tenant, **limits)


def fit(container: Container, tenant: Tenant) -> dict[str, Any]:
    """What has to change for the container to be as its tenant stands; what was chosen below the plan stays. Pure."""
    plan = tenant.plan
    wanted = {
        "suspended": tenant.suspended,
        "memory": min(container.memory, plan.memory),
        "cpu": min(container.cpu, plan.cpu),
        "storage": plan.storage,
        "internet": plan.internet,
    }
    return {name: value for name, value in wanted.items() if getattr(container, name) != value}


class _Meter:
    def over(self, plan: Plan, tenants: Iterable[Tenant]) -> list[str]:
        slugs = {tenant.pk: tenant.slug for tenant in tenants}
        found = []
        for key, used in usage.totals(slugs).items():
            if said := ", ".join(usage.worded(each) for each in usage.measure(plan, used).over):
                found.append(f"{slugs[key]}: {said}")
        return found

    def strayed(self) -> list[Any]:
        """What `fit` would change something of, asked of the database in one query."""
        unfit = (
            Q(suspended=True, tenant__suspended_at=None)
            | Q(suspended=False, tenant__suspended_at__isnull=False)
            | Q(memory__gt=F("tenant__plan__memory"))
            | Q(cpu__gt=F("tenant__plan__cpu"))
            | ~Q(storage=F("tenant__plan__storage"))
            | ~Q(internet=F("tenant__plan__internet"))
        )
        living = Container.objects.living().exclude(desired=Desired.ABSENT).filter(unfit)
        return list(living.order_by("tenant").values_list("tenant", flat=True).distinct())


consumption.plug(_Meter())
