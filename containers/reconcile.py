"""Brings one container at the engine in line with its row."""

from contextlib import suppress
from typing import Any

from django.conf import settings
from django.utils import timezone

from containers import archives, conditions, engine, loop, networks, observed, shown, specs, steps, storage
from containers.decide import Act, Seen, Want, decide
from containers.engine.base import (
    ContainerSpec,
    EngineAway,
    EngineError,
    ImageMissing,
    MemoryInUse,
    NetworkMissing,
    Observed,
    PullFailed,
)
from containers.errors import Failed, Retryable
from containers.lease import Lease
from containers.models import Archive, Container, ContainerStatus, Desired, EngineState, Network, NetworkKind
from containers.steps import StepState
from tenants import audit
from tenants.events import Action

CONTAINER = "containers.reconcile_container"
Rings = tuple[tuple[str, Any], ...]


def load(pk: Any) -> ContainerStatus:
    return ContainerStatus.objects.select_related("container__tenant").get(pk=pk)


def reconcile(status: ContainerStatus, lease: Lease) -> loop.Result:
    container = status.container
    if container.deleted_at:
        return _cleared(container)
    progress = steps.Progress(conditions.of(container, conditions.RUNNING))
    # Nothing can be there before the first pass: what is not looked up then is saved for every creation.
    unmade = status.first_attempt and not status.observed_generation and container.desired == Desired.RUNNING
    seen = None if unmade else _found(container)
    acts = decide(_want(container), _sight(container, seen) if seen else None)
    if seen is None and Act.PULL not in acts and _recreated(container):
        acts = [Act.PULL, *acts]
    try:
        with progress.blamed():
            for act in acts:
                lease.hold()
                _perform(act, container, lease, progress)
    except Failed as failure:
        if not isinstance(failure, EngineAway):  # whoever reads why it failed reads as well what is there now
            with suppress(EngineError):
                lease.write(**shown.facts(engine.current().inspect(container.engine_name)))
        raise
    if acts:
        seen = engine.current().inspect(container.engine_name)
    if container.desired == Desired.ABSENT:
        return _gone(container)
    return _seen(container, seen, progress, _waiting(container) if acts and container.data_folder else ())


def _found(container: Container) -> Observed | None:
    """By its name, or by its labels where somebody has renamed it: a second one would share its data with it."""
    current = engine.current()
    seen = current.inspect(container.engine_name)
    if seen is None and container.desired != Desired.ABSENT:
        for renamed in current.list(specs.owned(container))[:1]:
            current.rename(renamed.id, container.engine_name)
            return current.inspect(container.engine_name)
    return seen


def _want(container: Container) -> Want:
    return Want(
        exists=container.desired != Desired.ABSENT,
        running=container.desired == Desired.RUNNING and not container.suspended,
        restart_from=container.restart_from,
        specs=specs.acceptable(container),
        pull_from=container.pull_revision,
        limits=(container.memory, container.cpu),
    )


def _recreated(container: Container) -> bool:
    """Whether the newest image may still be owed to it: it was asked for once, and the present wish was not met yet."""
    unmet = container.status.observed_generation < container.generation
    return container.desired != Desired.ABSENT and bool(container.pull_revision) and unmet


def _sight(container: Container, seen: Observed) -> Seen:
    return Seen(
        running=seen.running,
        started_at=seen.started_at,
        fresh=seen.state == EngineState.CREATED,
        spec=specs.seen(container, seen.labels),
        revision=int(seen.labels.get(specs.REVISION, 0)),
        limits=(seen.memory, seen.cpu),
        paused=seen.paused,
        half_removed=seen.half_removed,
        attached=networks.names(container.tenant.slug, internet=container.internet) <= seen.networks,
    )


def _perform(act: Act, container: Container, lease: Lease, progress: steps.Progress) -> None:
    name, current = container.engine_name, engine.current()
    match act:
        case Act.FETCH | Act.PULL:
            _networks(container, progress)
            _image(container, lease, progress, anew=act is Act.PULL)
        case Act.CREATE:
            _create(container, lease, progress)
        case Act.START:
            progress.begin(steps.CONTAINER)
            progress.flush()
            try:
                current.start(name)
            except NetworkMissing:
                # A container keeps the id of the network that it was made on: with that gone, it cannot start.
                networks.forget(container.tenant)
                current.remove(name)
                raise
        case Act.STOP:
            current.stop(name, settings.CONTAINER_STOP_SECONDS)
        case Act.RESTART:
            progress.begin(steps.CONTAINER)
            progress.flush()
            current.restart(name, settings.CONTAINER_STOP_SECONDS)
        case Act.RESUME:
            current.resume(name)
        case Act.UPDATE:
            _limit(container, progress)
        case Act.REMOVE:
            current.remove(name)


def _limit(container: Container, progress: steps.Progress) -> None:
    """Memory that is in use is not taken away: what is seen afterwards tells, and it is tried again in a while."""
    again = container.status.memory_pending
    if not again:  # whoever watches need not see each further try
        progress.begin(steps.CONTAINER)
    with suppress(MemoryInUse):
        engine.current().update(container.engine_name, container.memory, container.cpu)
    if not again:
        progress.done(steps.CONTAINER)


def _image(container: Container, lease: Lease, progress: steps.Progress, *, anew: bool) -> None:
    """Have the image there before what runs is touched; `anew` asks the registry also where there is one."""
    current, said = engine.current(), ""
    there = current.has_image(container.image)
    if there and not anew:
        return
    progress.begin(steps.IMAGE)
    try:
        _pull(container, lease, progress)
    except PullFailed as exc:
        if not there:
            raise
        said = f"The image that is there was used. {exc}"
    progress.done(steps.IMAGE, said)


def _pull(container: Container, lease: Lease, progress: steps.Progress) -> None:
    def say(line: str) -> None:
        lease.hold()
        progress.say(steps.IMAGE, line)

    progress.flush()
    engine.current().pull(container.image, say)


def _networks(container: Container, progress: steps.Progress) -> tuple[str, ...]:
    """Have them there; returns those beside the tenant's own. Raises `Terminal` where the internet is unprotected."""
    progress.begin(steps.NETWORK)
    extra: tuple[str, ...] = ()
    networks.ensure(container.tenant, NetworkKind.TENANT)
    if container.internet:
        extra = (networks.ensure_internet(container.tenant).engine_name,)
    progress.done(steps.NETWORK)
    return extra


def _create(container: Container, lease: Lease, progress: steps.Progress) -> None:
    extra = _networks(container, progress)
    fetched = progress.state(steps.IMAGE) is StepState.DONE  # for one that is to be replaced it comes before
    if not fetched:
        progress.begin(steps.IMAGE)
    spec = specs.container(container, extra_networks=extra)
    try:
        _make(spec, progress)
    except ImageMissing:
        fetched = False
        progress.begin(steps.IMAGE)
        _pull(container, lease, progress)
        _make(spec, progress)
    except NetworkMissing:
        networks.forget(container.tenant)
        raise
    if not fetched:
        progress.done(steps.IMAGE)


def _make(spec: ContainerSpec, progress: steps.Progress) -> None:
    try:
        engine.current().create(spec)
    except (EngineAway, ImageMissing):
        raise
    except Failed:  # the engine looks for the image first: that was not it
        if progress.state(steps.IMAGE) is not StepState.DONE:
            progress.done(steps.IMAGE)
        progress.begin(steps.CONTAINER)
        raise


def _waiting(container: Container) -> Rings:
    """A restore that waits for the container to use its new volume, and for the old one to be free."""
    waiting = Archive.objects.filter(container=container, finished_at=None)
    waiting.ring()
    return tuple((archives.RECONCILE, archive.pk) for archive in waiting)


def _seen(container: Container, seen: Observed | None, progress: steps.Progress, rings: Rings) -> loop.Result:
    """Write down how it stands: status with the outcome of the pass, condition and steps here."""
    if seen is None:
        raise Retryable("container_missing", "The container vanished from the engine while it was worked on.")
    if seen.state == EngineState.RUNNING and progress.state(steps.CONTAINER) is not StepState.DONE:
        progress.done(steps.CONTAINER)

    def record() -> None:
        progress.report(*shown.running(seen), generation=container.generation)
        observed.tell(container.pk)

    pending = seen.memory > container.memory
    return loop.Result(
        after=shown.soon(seen, pending=pending),
        seen={
            "observed_generation": container.generation,
            **shown.facts(seen),
            "memory_pending": pending,
            **storage.caps(container, seen),
        },
        record=record,
        rings=rings,
    )


def _gone(container: Container) -> loop.Result:
    """The engine's part is verified gone; bury the row once everybody else's is, too."""
    _without_containers(container)
    _without_volumes(container)
    conditions.report([container.pk], conditions.RUNNING, False, conditions.GONE, generation=container.generation)
    seen = {**shown.facts(None), "observed_generation": container.generation}
    if not conditions.gone(container):
        return loop.Result(seen=seen, record=lambda: observed.tell(container.pk))
    mine = Network.objects.filter(tenant=container.tenant)

    def record() -> None:
        if Container.objects.filter(pk=container.pk, deleted_at=None).update(deleted_at=timezone.now()):
            audit.record(Action.CONTAINER_GONE, actor=None, target=container, tenant=container.tenant)
            mine.ring()
        observed.tell(container.pk)

    rings = tuple((networks.RECONCILE, network.pk) for network in mine)
    return loop.Result(rest=True, seen=seen, rings=rings, record=record)


def _cleared(container: Container) -> loop.Result:
    """Of what was verified gone, nothing stays that a worker may have made too late. Its names are nobody else's."""
    if _without_containers(container):
        _without_volumes(container)
    return loop.Result(rest=True)


def _without_containers(container: Container) -> bool:
    """Remove what carries its labels, whatever its name is by now; returns whether there was anything."""
    there = engine.current().list(specs.owned(container))
    for row in there:
        engine.current().remove(row.name or row.id)
    return bool(there)


def _without_volumes(container: Container) -> None:
    if container.data_folder:
        for volume in engine.current().volumes(specs.owned(container)):
            engine.current().remove_volume(volume)


def _failed(status: ContainerStatus, failure: Failed) -> None:
    container = status.container
    progress = steps.Progress(conditions.of(container, conditions.RUNNING))
    if container.desired != Desired.ABSENT:
        progress.fail(str(failure))
    progress.report(None, failure.code, str(failure), generation=container.generation)
    observed.tell(container.pk)


loop.register(loop.Controller(CONTAINER, ContainerStatus, load, reconcile, _failed))
conditions.register(conditions.RUNNING)
