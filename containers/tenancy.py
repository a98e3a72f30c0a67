"""What a tenant's standing means for its containers: the plan's limits, a suspension, the tenant's end."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Count, Max
from django.utils import timezone

from containers import admission
from containers.models import Container, Desired
from tenants import audit, consumption
from tenants.consumption import Consumption
from tenants.events import Action
from tenants.models import Tenant, User


def follow(tenant: Tenant, actor: User | None) -> None:
    """Bring the rows of its living containers in line; inside the transaction that holds the tenant's lock."""
    living = Container.objects.living().filter(tenant=tenant).exclude(desired=Desired.ABSENT)
    if tenant.deleted_at:
        for container in living.select_related("tenant"):
            admission.remove(container, actor=actor)
        return
    for container in living.select_for_update().order_by("pk"):
        container.tenant = tenant
        if not (changes := fit(container, tenant)):
            continue
        for name, value in changes.items():
            setattr(container, name, value)
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


def consumed(tenants: Iterable[Tenant]) -> list[Consumption]:
    rows = (
        Container.objects.living()
        .filter(tenant__in=tenants)
        .values("tenant__slug")
        .annotate(count=Count("pk"), memory=Max("memory"), cpu=Max("cpu"))
        .order_by("tenant__slug")
    )
    return [Consumption(row["tenant__slug"], row["count"], row["memory"], row["cpu"]) for row in rows]


consumption.plug(consumed)
