"""What a visitor passes through on the way to the program, each layer with how it stands, for people.

Nothing is decided by it. Each app registers the layers that are its own, and judges them from rows that it knows.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from containers import conditions
from containers.lifecycle import Lifecycle
from containers.models import Condition, Container


class Standing(StrEnum):
    """As the style sheet draws it."""

    OK = "ok"
    WAIT = "wait"
    BAD = "bad"
    OFF = "off"  # on purpose


@dataclass(frozen=True, slots=True)
class Layer:
    """`hint`: what works meanwhile and what next, for everybody; `detail`: what went wrong, for who may change it."""

    state: Standing
    words: str
    hint: str = ""
    detail: str = ""
    title: str = ""


Judge = Callable[[Container, Lifecycle], Layer]


@dataclass(frozen=True, slots=True)
class _Kind:
    title: StrOrPromise
    position: int
    judge: Judge


_kinds: dict[str, _Kind] = {}


def register(name: str, title: StrOrPromise, position: int, judge: Judge) -> None:
    """`position` orders them, from the program outwards."""
    _kinds[name] = _Kind(title, position, judge)


def of(container: Container, phase: Lifecycle) -> list[Layer]:
    """All layers in order; reads `container.status` and `container.conditions`."""
    found = []
    for kind in sorted(_kinds.values(), key=lambda kind: kind.position):
        seen = kind.judge(container, phase)
        found.append(Layer(seen.state, seen.words, seen.hint, seen.detail, str(kind.title)))
    return found


def condition(container: Container, type_: str) -> Condition:
    """That of the container, from what is prefetched; one that nobody wrote yet knows nothing."""
    rows = (row for row in container.conditions.all() if row.type == type_)
    return next(rows, None) or Condition(container=container, type=type_)


def failure(seen: Condition) -> str:
    """What went wrong on the way to it: a condition that holds, or is known not to hold, says something else."""
    return seen.message if seen.status is None else ""


def engine_away(detail: str) -> Layer:
    """Of whatever runs at the engine."""
    hint = _("What runs goes on running. How it stands is asked again by itself, until the engine answers.")
    return Layer(Standing.WAIT, _("Docker does not answer"), hint, detail)


_AS_WANTED = {
    Lifecycle.QUEUED: (Standing.WAIT, gettext_lazy("waits for its turn")),
    Lifecycle.PROVISIONING: (Standing.WAIT, gettext_lazy("being started")),
    Lifecycle.RUNNING: (Standing.OK, gettext_lazy("runs")),
    Lifecycle.STOPPING: (Standing.WAIT, gettext_lazy("being stopped")),
    Lifecycle.STOPPED: (Standing.OFF, gettext_lazy("stopped, as was wanted")),
    Lifecycle.SUSPENDED: (Standing.OFF, gettext_lazy("suspended with its tenant")),
    Lifecycle.DELETING: (Standing.WAIT, gettext_lazy("being deleted")),
    Lifecycle.DELETED: (Standing.OFF, gettext_lazy("deleted")),
}


def _container(container: Container, phase: Lifecycle) -> Layer:
    status, seen = container.status, condition(container, conditions.RUNNING)
    if seen.reason == "engine_away":
        return engine_away(seen.message)
    if seen.reason == conditions.GONE and phase is Lifecycle.DELETING:
        return Layer(Standing.OFF, _("gone, with its data"))
    if phase is Lifecycle.MISSING:
        hint = _("Somebody removed it at the engine. Retry makes it anew, with the data that it kept.")
        return Layer(Standing.BAD, _("not there any more"), hint, seen.message)
    if phase is Lifecycle.ERROR:
        hint = _("What it wrote last stands in its log.") if status.started_at else ""
        return Layer(Standing.BAD, _("does not run"), hint, status.message or seen.message)
    state, words = _AS_WANTED[phase]
    return Layer(state, str(words), detail=failure(seen))


register("container", gettext_lazy("Container"), 10, _container)
