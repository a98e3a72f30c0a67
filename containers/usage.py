"""What tenants use of what their plans allow. Reads rows alone, in two queries.

For one tenant `of(tenant)`; for many `totals(keys)` once, then `measure(plan, totals[key])` for each. `measure` is pure
and takes any plan: with another one than the tenant's it says who would be over on it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Max, Q, Sum
from django.db.models.functions import Coalesce

from containers import traffic
from containers.models import Container
from tenants.figures import cores, size
from tenants.models import Plan, Tenant
from tenants.models.plan import MIB
from tenants.words import gettext as _


@dataclass(frozen=True, slots=True)
class Totals:
    """Of a tenant's living containers; of bandwidth, deleted ones too. Bytes; CPU in thousandths of a core."""

    containers: int = 0
    memory_sum: int = 0
    memory_max: int = 0
    cpu_sum: int = 0
    cpu_max: int = 0
    storage_sum: int = 0
    storage_used: int = 0  # of the one that keeps the most, as last measured
    with_internet: int = 0
    bandwidth: int = 0  # received and sent in this calendar month


@dataclass(frozen=True, slots=True)
class Share:
    """`limit` is that of each container, `reserved` what all of them may use together."""

    limit: int
    reserved: int


@dataclass(frozen=True, slots=True)
class Counted:
    used: int
    limit: int | None


@dataclass(frozen=True, slots=True)
class Over:
    """`what` is containers, memory, cpu, storage, internet or bandwidth; of memory, CPU and storage, `used` is that of
    the largest container: of storage what it keeps, of the others what it may use.
    """

    what: str
    limit: int
    used: int


@dataclass(frozen=True, slots=True)
class Usage:
    plan: Plan
    containers: Counted
    memory: Share
    cpu: Share
    storage: Share
    internet: bool
    bandwidth: Counted
    over: tuple[Over, ...]


def of(tenant: Tenant) -> Usage:
    return measure(tenant.plan, totals([tenant.pk])[tenant.pk])


def totals(tenants: Iterable[Any]) -> dict[Any, Totals]:
    """By the keys of tenants, in two queries; those without a container are there too."""
    keys = list(tenants)
    rows: Any = (
        Container.objects.living()
        .filter(tenant__in=keys)
        .order_by()
        .values("tenant")
        .annotate(
            containers=Count("pk"),
            memory_sum=Sum("memory"),
            memory_max=Max("memory"),
            cpu_sum=Sum("cpu"),
            cpu_max=Max("cpu"),
            storage_sum=Sum("storage"),
            storage_used=Coalesce(Max("status__storage_used"), 0),
            with_internet=Count("pk", filter=Q(internet=True)),
        )
    )
    moved, living = traffic.used(keys), {row.pop("tenant"): row for row in rows}
    return {key: Totals(**living.get(key, {}), bandwidth=moved.get(key, 0)) for key in keys}


def measure(plan: Plan, used: Totals) -> Usage:
    return Usage(
        plan=plan,
        containers=Counted(used.containers, plan.max_containers),
        memory=Share(plan.memory, used.memory_sum),
        cpu=Share(plan.cpu, used.cpu_sum),
        storage=Share(plan.storage, used.storage_sum),
        internet=plan.internet,
        bandwidth=Counted(used.bandwidth, plan.bandwidth),
        over=tuple(_over(plan, used)),
    )


def _over(plan: Plan, used: Totals) -> Iterable[Over]:
    if plan.max_containers is not None and used.containers > plan.max_containers:
        yield Over("containers", plan.max_containers, used.containers)
    for what, limit, largest in (
        ("memory", plan.memory, used.memory_max),
        ("cpu", plan.cpu, used.cpu_max),
        # What a container may keep follows the plan by itself; what it keeps does not.
        ("storage", plan.storage, used.storage_used),
    ):
        if largest > limit:
            yield Over(what, limit, largest)
    if used.with_internet and not plan.internet:
        yield Over("internet", 0, used.with_internet)
    if plan.bandwidth is not None and used.bandwidth > plan.bandwidth:
        yield Over("bandwidth", plan.bandwidth, used.bandwidth)


def worded(over: Over) -> str:
    """For people: what there is, and what the plan allows."""
    match over.what:
        case "containers":
            return _("%(used)s containers, the plan allows %(limit)s") % {"used": over.used, "limit": over.limit}
        case "bandwidth":
            sizes = {"used": size(over.used), "limit": size(over.limit)}
            return _("%(used)s of traffic this month, the plan allows %(limit)s") % sizes
        case "memory" | "storage":
            said = _("memory of %(used)s, the plan allows %(limit)s")
            if over.what == "storage":
                said = _("storage of %(used)s, the plan allows %(limit)s")
            sizes = {"used": size(over.used), "limit": size(over.limit)}
            if sizes["used"] == sizes["limit"]:  # they differ by less than is shown
                sizes = {"used": f"{-(-over.used // MIB)} MiB", "limit": f"{over.limit // MIB} MiB"}
            return said % sizes
        case "cpu":
            allowed = {"used": cores(over.used), "limit": cores(over.limit)}
            return _("%(used)s CPU, the plan allows %(limit)s") % allowed
    return _("%(used)s with internet, the plan allows none") % {"used": over.used}
