"""What goes on with a container at this moment, or how long the latest of it took: the steps as its page shows them."""

import datetime
from dataclasses import dataclass

from django.utils import timezone
from django.utils.translation import gettext as _

from containers import layers, steps
from containers.layers import Layer, Standing
from containers.lifecycle import Health, Lifecycle
from containers.models import Container, Desired
from containers.steps import Step, StepState

_BEGINNING = {Lifecycle.QUEUED, Lifecycle.PROVISIONING}
_OPEN = {StepState.PENDING, StepState.RUNNING}


@dataclass(frozen=True, slots=True)
class Way:
    """`words` is the heading; `since` is when it began, of what `moving` counts on from; `took` in seconds."""

    words: str
    steps: list[Step]
    moving: bool = False
    failed: bool = False
    retried: bool = False  # by itself
    since: datetime.datetime | None = None
    took: float | None = None
    said: str = ""  # what failed, where no step says it

    @property
    def elapsed(self) -> float | None:
        """Seconds until now, or until it was over."""
        return seconds_since(self.since) if self.moving else self.took


def of(container: Container, phase: Lifecycle, health: Health) -> Way | None:
    """None where nothing goes on and nothing is to be told: of what was stopped, say."""
    if phase is Lifecycle.DELETING or (phase is Lifecycle.ERROR and container.desired == Desired.ABSENT):
        return _deletion(container)
    if phase is Lifecycle.STOPPING:
        return _stop(container)
    found, since = steps.of(container), container.wanted_since
    failed = any(step.state is StepState.FAILED for step in found) or (
        phase is Lifecycle.ERROR and bool(container.status.code)
    )
    first = not _ever_ready(container)
    if failed:
        words = _("It could not be made ready") if first else _("The latest change has failed")
        blamed = any(step.state is StepState.FAILED for step in found)
        said = "" if blamed else container.status.message
        return Way(words, found, failed=True, retried=_retried(container, phase), since=since, said=said)
    if phase in _BEGINNING or (
        phase is Lifecycle.RUNNING and health is not Health.HEALTHY and _on_its_way(found, first)
    ):
        return Way(_("Being created") if first else _("Being changed"), found, moving=True, since=since)
    if health is Health.HEALTHY:
        words = _("Created in") if container.generation == 1 else _("The latest change took")
        return Way(words, found, since=since, took=found[-1].seconds)
    return None


def _on_its_way(found: list[Step], first: bool) -> bool:
    """Whether it waits for a step; the last one is none, and waits for all that is kept up afterwards as well."""
    return first or any(step.state in _OPEN for step in found[:-1])


def _ever_ready(container: Container) -> bool:
    return all(row.met_at for row in container.conditions.all())


def _retried(container: Container, phase: Lifecycle) -> bool:
    """Whether whatever failed is tried again without anybody; of what is not the engine's the words themselves tell."""
    return bool(container.status.code) and container.status.retrying and phase is not Lifecycle.ERROR


def _stop(container: Container) -> Way:
    since = container.wanted_since
    failed = bool(container.status.code)
    state = StepState.FAILED if failed else StepState.RUNNING
    step = Step("stop", _("Its program is asked to end"), state, since, message=container.status.message)
    return Way(_("Being stopped"), [step], moving=not failed, failed=failed, retried=True, since=since)


def _deletion(container: Container) -> Way:
    """Layer by layer from the outside inwards, so that nothing is ever reached unguarded."""
    found = [_taken(layer) for layer in reversed(layers.of(container, Lifecycle.DELETING))]
    failed = any(step.state is StepState.FAILED for step in found)
    words = _("It could not be deleted yet") if failed else _("Being deleted")
    since, retried = container.wanted_since, container.status.retrying or not container.status.code
    return Way(words, found, moving=not failed, failed=failed, retried=retried, since=since)


def _taken(layer: Layer) -> Step:
    state = StepState.DONE if layer.state is Standing.OFF else StepState.RUNNING
    return Step(layer.title, layer.title, StepState.FAILED if layer.detail else state, message=layer.detail)


def seconds_since(moment: datetime.datetime | None) -> float | None:
    return None if moment is None else max(0.0, (timezone.now() - moment).total_seconds())
