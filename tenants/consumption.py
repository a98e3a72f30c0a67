"""A port: what tenants use of their plans. `containers` fills it; without it, nobody uses anything."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from tenants.models import Plan, Tenant


@dataclass(frozen=True, slots=True)
class Consumption:
    """Of one tenant: how many containers, and the largest of them. Bytes; thousandths of a core."""

    tenant: str
    containers: int
    memory: int
    cpu: int

    def over(self, plan: Plan) -> list[str]:
        """What of it the plan would not allow, in words."""
        found = []
        if plan.max_containers is not None and self.containers > plan.max_containers:
            found.append(f"{self.containers} containers instead of {plan.max_containers}")
        if self.memory > plan.memory:
            found.append(f"{self.memory // 2**20} MiB of memory instead of {plan.memory // 2**20}")
        if self.cpu > plan.cpu:
            found.append(f"{self.cpu / 1000:g} CPU instead of {plan.cpu / 1000:g}")
        return found


class Meter(Protocol):
    def __call__(self, tenants: Iterable[Tenant]) -> list[Consumption]:
        """Of those among them that use anything, in one query."""


def _nothing(tenants: Iterable[Tenant]) -> list[Consumption]:
    return []


_meter: Meter = _nothing


def plug(meter: Meter) -> None:
    global _meter
    _meter = meter


def of(tenants: Iterable[Tenant]) -> list[Consumption]:
    return _meter(tenants)


def would_be_over(plan: Plan) -> list[str]:
    """A line for each tenant of the plan that is over its numbers, as they stand in `plan`, saved or not."""
    return [
        f"{row.tenant}: {', '.join(said)}"
        for row in of(Tenant.objects.living().filter(plan=plan.pk))
        if (said := row.over(plan))
    ]
