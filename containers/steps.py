"""The timed steps that people watch while a container is on its way. Each app registers its own."""

import datetime
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.db.models import Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from containers import conditions
from containers.models import Container, Step, StepState

READY = "ready"


@dataclass(frozen=True, slots=True)
class Kind:
    name: str
    label: str
    position: int


_kinds: dict[str, Kind] = {}


def register(name: str, label: str, position: int) -> str:
    """Name a step; `position` orders them on the page; returns the name."""
    _kinds[name] = Kind(name, label, position)
    return name


def label(name: str) -> str:
    """What people read; the bare name for a step that is no longer made."""
    return _kinds[name].label if name in _kinds else name


def blank(container: Container, *, done: Collection[str], since: datetime.datetime) -> list[Step]:
    """Unsaved steps for a container that is being made; those in `done` began at `since` and are over."""
    now = timezone.now()
    return [
        Step(container=container, name=kind.name, position=kind.position)
        if kind.name not in done
        else Step(
            container=container,
            name=kind.name,
            position=kind.position,
            state=StepState.DONE,
            started_at=since,
            finished_at=now,
        )
        for kind in _kinds.values()
    ]


class Progress:
    """Collects what a pass has done, to write it down when there is time: at `flush`."""

    def __init__(self, container_pk: Any) -> None:
        self._pk = container_pk
        self._began: dict[str, datetime.datetime] = {}
        self._ended: dict[str, datetime.datetime] = {}
        self._unwritten: set[str] = set()

    def begin(self, name: str) -> None:
        self._began[name] = timezone.now()
        self._ended.pop(name, None)
        self._unwritten.add(name)

    def done(self, name: str) -> None:
        """A step that was not begun in this pass keeps the start that an earlier one wrote down."""
        self._ended[name] = timezone.now()
        self._unwritten.add(name)

    def flush(self) -> None:
        for name in sorted(self._unwritten):
            ended = self._ended.get(name)
            fields: dict[str, Any] = {
                "state": StepState.DONE if ended else StepState.RUNNING,
                "finished_at": ended,
                "message": "",
                "started_at": self._began.get(name) or Coalesce("started_at", Value(ended)),
            }
            Step.objects.filter(container=self._pk, name=name).update(**fields)
        self._unwritten.clear()

    def note(self, name: str, message: str) -> None:
        """Say what a running step is busy with."""
        self.flush()
        Step.objects.filter(container=self._pk, name=name).update(message=message)


def reset(container_pk: Any, names: Collection[str]) -> None:
    """Back to pending: these steps are to be taken again."""
    Step.objects.filter(container=container_pk, name__in=names).update(
        state=StepState.PENDING, started_at=None, finished_at=None, message=""
    )


def fail(container_pk: Any, names: Collection[str], message: str) -> None:
    """Put the message on the first of these steps that is not done: it is the one that failed."""
    stuck = (
        Step.objects.filter(container=container_pk, name__in=names)
        .exclude(state=StepState.DONE)
        .order_by("position")
        .values_list("pk", flat=True)
        .first()
    )
    if stuck is not None:
        Step.objects.filter(pk=stuck).update(state=StepState.FAILED, message=message, finished_at=timezone.now())


def finish(container_pks: Collection[Any]) -> None:
    """Tick the last step of those for whom everything holds by now; it shows the time that the whole way took."""
    for key, since in conditions.met(container_pks):
        Step.objects.filter(container=key, name=READY).exclude(state=StepState.DONE).update(
            state=StepState.DONE, started_at=since, finished_at=timezone.now(), message=""
        )


register("quota", "Limits checked", 10)
register("image", "Image", 20)
register("network", "Network", 30)
register("container", "Container", 40)
register(READY, "Ready", 100)
