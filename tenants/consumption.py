"""A port: who would be over a plan, and who does not follow theirs. `containers` fills it; without it, nobody."""

from collections.abc import Iterable
from typing import Any, Protocol

from tenants.models import Plan, Tenant


class Meter(Protocol):
    def over(self, plan: Plan, tenants: Iterable[Tenant]) -> list[str]:
        """A line for each of these tenants that uses more than the plan, saved or not, would allow. Few queries."""

    def strayed(self) -> list[Any]:
        """Keys, in order, of the tenants with something that is not as their plan and their standing want it."""


class _Nothing:
    def over(self, plan: Plan, tenants: Iterable[Tenant]) -> list[str]:
        return []

    def strayed(self) -> list[Any]:
        return []


_meter: Meter = _Nothing()


def plug(meter: Meter) -> None:
    global _meter
    _meter = meter


def over(plan: Plan, tenants: Iterable[Tenant]) -> list[str]:
    return _meter.over(plan, tenants)


def would_be_over(plan: Plan) -> list[str]:
    """Of the tenants that are on it."""
    return over(plan, Tenant.objects.living().filter(plan=plan.pk))


def strayed() -> list[Any]:
    return _meter.strayed()
