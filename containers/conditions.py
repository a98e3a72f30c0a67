"""What must hold for a container to be ready. Each app registers its own conditions and reports on them here."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import Case, Count, F, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext, gettext_noop

from containers.models import Condition, Container

RUNNING = "Running"
GONE = "Gone"  # the reason of a False condition: nothing of it is left outside
_types: list[str] = []
_LABELS = (gettext_noop("Running"), gettext_noop("Published"))  # for the catalogue


def register(type_: str) -> str:
    """Name a condition that every container must meet; returns the name."""
    if type_ not in _types:
        _types.append(type_)
    return type_


def title(type_: str) -> str:
    """The condition's name, for people."""
    return gettext(type_)


def blank(container: Container, steps: dict[str, Any]) -> list[Condition]:
    """Unsaved, unknown conditions for a container that is being made; `steps` are those on the way to running."""
    return [Condition(container=container, type=type_, steps=steps if type_ == RUNNING else {}) for type_ in _types]


def of(container: Container, type_: str) -> Condition:
    return Condition.objects.get(container=container, type=type_)


def report(
    containers: Iterable[Any],
    type_: str,
    status: bool | None,
    reason: str,
    message: str = "",
    generation: int | None = None,
) -> int:
    """Write the condition of these containers (primary keys) where it differs; returns how many changed.

    `generation` is the container's at the time of looking; None for what does not depend on it. A reconciler that
    shows its steps as well writes both by `steps.Progress`.
    """
    seen = Condition.objects.filter(container__in=list(containers), type=type_)
    fields: dict[str, Any] = {"reason": reason, "message": message}
    if generation is not None:
        fields["observed_generation"] = generation
    same, now = Q(status=status), Value(timezone.now())
    return seen.exclude(same, **fields).update(
        status=status,
        changed_at=Case(When(same, then=F("changed_at")), default=now),
        met_at=Coalesce("met_at", now) if status else F("met_at"),
        **fields,
    )


def ready(container: Container) -> bool:
    """Derived, never stored: every condition holds, as seen at the wanted generation."""
    found = {row.type: (row.status, row.observed_generation) for row in container.conditions.all()}
    return _hold(found, container.generation)


def _hold(found: Mapping[str, tuple[bool | None, int]], generation: int) -> bool:
    return all(type_ in found and found[type_][0] is True and found[type_][1] in (0, generation) for type_ in _types)


def met() -> Coalesce:
    """How many conditions hold, as an annotation over `Container`; where it is `count()`, the container is ready."""
    held = Condition.objects.filter(
        Q(observed_generation=0) | Q(observed_generation=OuterRef("generation")),
        container=OuterRef("pk"),
        type__in=_types,
        status=True,
    )
    counted = held.order_by().values("container").annotate(number=Count("pk")).values("number")
    return Coalesce(Subquery(counted), 0)


def count() -> int:
    return len(_types)


def gone(container: Container) -> bool:
    """Whether every part of a container that is to go was verified gone."""
    return not container.conditions.exclude(reason=GONE).exists()
