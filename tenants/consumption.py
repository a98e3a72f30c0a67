"""A port: who would be over a plan. `containers` fills it; without it, nobody uses anything."""

from collections.abc import Iterable
from typing import Protocol

from tenants.models import Plan, Tenant


class Meter(Protocol):
    def __call__(self, plan: Plan, tenants: Iterable[Tenant]) -> list[str]:
        """A line for each of these tenants that uses more than the plan, saved or not, would allow. Few queries."""


def _nothing(plan: Plan, tenants: Iterable[Tenant]) -> list[str]:
    return []


_meter: Meter = _nothing


def plug(meter: Meter) -> None:
    global _meter
    _meter = meter


def over(plan: Plan, tenants: Iterable[Tenant]) -> list[str]:
    return _meter(plan, tenants)


def would_be_over(plan: Plan) -> list[str]:
    """Of the tenants that are on it."""
    return over(plan, Tenant.objects.living().filter(plan=plan.pk))
