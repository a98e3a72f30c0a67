"""The timed steps that people watch while a container is on its way; nothing is decided by them.

Each step belongs to a condition and is kept in that condition's row, where its reconciler writes both at once. Each
app registers its own. The last step, *ready*, is derived from all the others.
"""

import datetime
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy, gettext_noop
from django_stubs_ext import StrOrPromise

from containers import conditions
from containers.errors import Failed, LeaseLost
from containers.models import Condition, Container
from tenants.words import gettext as _

READY = "ready"


class StepState(StrEnum):
    PENDING = "pending"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"

    @property
    def label(self) -> str:
        """For people."""
        return gettext(self.value)


# What the labels say, for the catalogue.
_STEPSTATE = (gettext_noop("pending"), gettext_noop("running"), gettext_noop("done"), gettext_noop("failed"))


@dataclass(frozen=True, slots=True)
class Step:
    name: str
    title: str
    state: StepState = StepState.PENDING
    started_at: datetime.datetime | None = None
    finished_at: datetime.datetime | None = None
    message: str = ""

    @property
    def seconds(self) -> float | None:
        """How long it took; None until it is over."""
        if self.started_at is None or self.finished_at is None:
            return None
        return (self.finished_at - self.started_at).total_seconds()


@dataclass(frozen=True, slots=True)
class _Kind:
    name: str
    title: StrOrPromise
    position: int
    condition: str


_kinds: dict[str, _Kind] = {}


def register(name: str, title: StrOrPromise, position: int, condition: str) -> str:
    """Name a step on the way to a condition; `position` orders them on the page; returns the name."""
    _kinds[name] = _Kind(name, title, position, condition)
    return name


def of(container: Container) -> list[Step]:
    """All steps in order; reads `container.conditions` (prefetch them for lists)."""
    noted: dict[str, Any] = {}
    for condition in container.conditions.all():
        noted |= condition.steps
    found = [_step(kind, noted.get(kind.name)) for kind in _in_order()]
    return [*found, _ready(container)]


def on_the_way_to(condition: Condition) -> list[Step]:
    """The steps of one condition, in order."""
    return [_step(kind, condition.steps.get(kind.name)) for kind in _in_order() if kind.condition == condition.type]


def _in_order() -> list[_Kind]:
    return sorted(_kinds.values(), key=lambda kind: kind.position)


def _step(kind: _Kind, noted: dict[str, str] | None) -> Step:
    if noted is None:
        return Step(kind.name, str(kind.title))
    started, finished = noted.get("started_at"), noted.get("finished_at")
    return Step(
        kind.name,
        str(kind.title),
        StepState(noted["state"]),
        datetime.datetime.fromisoformat(started) if started else None,
        datetime.datetime.fromisoformat(finished) if finished else None,
        noted.get("message", ""),
    )


def _ready(container: Container) -> Step:
    """Done once every condition holds; it shows the time that the whole way took, and nothing that came later."""
    if not conditions.ready(container):
        return Step(READY, _("Ready"))
    since = container.wanted_since
    ends = [end for condition in container.conditions.all() for end in _ends(condition, since) if end and end > since]
    return Step(READY, _("Ready"), StepState.DONE, since, max(ends, default=since))


def _ends(condition: Condition, since: datetime.datetime) -> list[datetime.datetime | None]:
    """When the way to a condition ended: as it first held or, where that was before `since`, with a step taken after.

    Where it held for the first time since then, its steps say nothing: each may have been taken again to keep it so.
    """
    if condition.met_at and condition.met_at >= since:
        return [condition.met_at]
    return [step.finished_at for step in on_the_way_to(condition)]


class Progress:
    """Notes what a pass does on the way to a condition; written with the condition, or before that at `flush`."""

    def __init__(self, condition: Condition) -> None:
        self.condition = condition
        self._under_way = ""
        self._written = True

    def begin(self, name: str) -> None:
        self._under_way = name
        self._note(name, state=StepState.RUNNING, started_at=_now())

    def done(self, name: str, message: str = "") -> None:
        """A step that was not begun in this pass keeps the start that an earlier one noted."""
        now, self._under_way = _now(), ""
        began = self.condition.steps.get(name, {}).get("started_at") or now
        said = {"message": message} if message else {}
        self._note(name, state=StepState.DONE, started_at=began, finished_at=now, **said)

    def say(self, name: str, message: str) -> None:
        """What a step that is under way is busy with, for people to read at once."""
        self._note(name, **{**self.condition.steps.get(name, {}), "message": message})
        self.flush()

    @contextmanager
    def blamed(self) -> Iterator[None]:
        """A failure that leaves the block is put on the step that was under way, and written at once."""
        try:
            yield
        except LeaseLost:
            raise
        except Failed as failure:
            if self._under_way:
                self.fail(str(failure), self._under_way)
                self.flush()
            raise

    @contextmanager
    def kept(self, name: str, holds: Callable[[], bool]) -> Iterator[None]:
        """Leave a step that is done as it was noted, whatever is done or fails in the block, if `holds` around it."""
        before, written = self.condition.steps, self._written
        stays = self.state(name) is StepState.DONE and holds()
        try:
            yield
        finally:
            if stays and holds():
                self.condition.steps, self._written, self._under_way = before, written, ""

    def fail(self, message: str, name: str = "") -> None:
        """Without a name: on the step that was blamed already, else on the first that is not done."""
        mine = [kind.name for kind in _in_order() if kind.condition == self.condition.type]
        if not name:
            unfinished = [one for one in mine if self.state(one) is not StepState.DONE]
            unfinished.sort(key=lambda one: self.state(one) is not StepState.FAILED)
            name = unfinished[0] if unfinished else ""
        if name:
            noted = self.condition.steps.get(name, {})
            self._note(name, **{**noted, "state": StepState.FAILED, "finished_at": _now(), "message": message})

    def state(self, name: str) -> StepState:
        return StepState(self.condition.steps.get(name, {}).get("state", StepState.PENDING))

    def flush(self) -> None:
        if not self._written:
            Condition.objects.filter(pk=self.condition.pk).update(steps=self.condition.steps)
            self._written = True

    def report(self, status: bool | None, reason: str, message: str = "", *, generation: int) -> None:
        """Write the condition as it was seen, and the steps with it, if anything of it is new."""
        row = self.condition
        seen = {"status": status, "reason": reason, "message": message, "observed_generation": generation}
        if self._written and all(getattr(row, name) == value for name, value in seen.items()):
            return
        now = timezone.now()
        # A pass that began before the last change, and ends after one that knew of it, has nothing to say any more.
        Condition.objects.filter(pk=row.pk, observed_generation__lte=generation).update(
            **seen,
            steps=row.steps,
            changed_at=now if row.status is not status else row.changed_at,
            met_at=now if status and row.met_at is None else row.met_at,
        )
        self._written = True

    def _note(self, name: str, **noted: str) -> None:
        self.condition.steps = {**self.condition.steps, name: noted}
        self._written = False


def checked(since: datetime.datetime) -> dict[str, dict[str, str]]:
    """What is noted on a condition that is being made: admission has let the container in."""
    return {QUOTA: {"state": StepState.DONE, "started_at": since.isoformat(), "finished_at": _now()}}


def again(container: Container, name: str) -> None:
    """Back to pending: the step is to be taken again."""
    row = Condition.objects.select_for_update().get(container=container, type=_kinds[name].condition)
    steps = {key: noted for key, noted in row.steps.items() if key != name}
    Condition.objects.filter(pk=row.pk).update(steps=steps)


def _now() -> str:
    return timezone.now().isoformat()


QUOTA = register("quota", gettext_lazy("Limits checked"), 10, conditions.RUNNING)
IMAGE = register("image", gettext_lazy("Image"), 20, conditions.RUNNING)
NETWORK = register("network", gettext_lazy("Network"), 30, conditions.RUNNING)
CONTAINER = register("container", gettext_lazy("Container"), 40, conditions.RUNNING)
