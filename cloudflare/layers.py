"""How the way in from the internet stands: connector, Access and DNS, as people read it on a container's page."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cloudflare.client import errors
from cloudflare.reconcile import names
from containers import conditions, layers
from containers.layers import Layer, Standing
from containers.lifecycle import Lifecycle
from containers.models import Condition, Container, Desired
from containers.steps import StepState

_AWAY = {errors.Unreachable.code, errors.Throttled.code, errors.Broken.code, errors.Paced.code}


def _connector(container: Container, phase: Lifecycle) -> Layer:
    seen = layers.condition(container, names.CONNECTED)
    published = layers.condition(container, names.PUBLISHED)
    if container.desired == Desired.ABSENT:
        return _leaving(seen, _("leads nowhere any more"))
    if seen.reason == "engine_away":
        return layers.engine_away(seen.message)
    if _step(published, names.STEP_TUNNEL) is StepState.FAILED:
        return _failed(published, names.STEP_TUNNEL, _("has no way in yet"))
    if seen.status:
        return Layer(Standing.OK, _("connected to Cloudflare"))
    if seen.status is None:
        return Layer(Standing.WAIT, _("not connected yet"))
    if seen.reason == "Connecting":
        return Layer(Standing.WAIT, _("connecting to Cloudflare"))
    hint = _("The container runs on; its address answers nobody until the connector is back. It connects by itself.")
    return Layer(Standing.BAD, _("not connected"), hint, seen.message)


def _access(container: Container, phase: Lifecycle) -> Layer:
    seen = layers.condition(container, names.PUBLISHED)
    if container.desired == Desired.ABSENT:
        return _leaving(seen, _("gone: there is nothing left to guard"))
    if seen.status:
        if not seen.message:
            return Layer(Standing.OK, _("lets in its people, nobody else"))
        return Layer(Standing.WAIT, _("guards it as before the latest change"), _mends(seen), seen.message)
    match _step(seen, names.STEP_ACCESS):
        case StepState.DONE:
            return Layer(Standing.OK, _("lets in its people, nobody else"))
        case StepState.FAILED:
            return _failed(seen, names.STEP_ACCESS, _("not in place yet"))
        case StepState.RUNNING:
            return Layer(Standing.WAIT, _("being set up"))
    if seen.message and not _blamed(seen):
        return Layer(Standing.WAIT, _("not known"), _mends(seen), seen.message)
    return Layer(Standing.WAIT, _("not in place yet"))


def _dns(container: Container, phase: Lifecycle) -> Layer:
    seen = layers.condition(container, names.PUBLISHED)
    if container.desired == Desired.ABSENT:
        return _leaving(seen, _("the address is gone"))
    if seen.status:
        return Layer(Standing.OK, _("the address leads here"))
    if seen.reason == "Renaming":
        return Layer(Standing.WAIT, _("the new address is on its way"), detail=seen.message)
    match _step(seen, names.STEP_DNS):
        case StepState.DONE:
            if seen.message and not _blamed(seen):
                return Layer(Standing.WAIT, _("not known"), _mends(seen), seen.message)
            return Layer(Standing.OK, _("the address leads here"))
        case StepState.FAILED:
            return _failed(seen, names.STEP_DNS, _("no address yet"))
        case StepState.RUNNING:
            return Layer(Standing.WAIT, _("being set up"))
    return Layer(Standing.WAIT, _("no address until Access guards it"))


def _leaving(seen: Condition, gone: str) -> Layer:
    if seen.reason == conditions.GONE:
        return Layer(Standing.OFF, gone)
    return Layer(Standing.WAIT, _("being taken down"), _mends(seen), layers.failure(seen))


def _failed(seen: Condition, step: str, words: str) -> Layer:
    """What failed on the way: until it is there, there is no way in, and so nobody comes in unguarded."""
    message = seen.steps[step].get("message", "")
    hint = _("The container runs on. Nobody reaches it from outside until this is done.")
    away = f"{hint} {_mends(seen)}".strip()
    return Layer(Standing.WAIT if seen.reason in _AWAY else Standing.BAD, words, away, message)


def _mends(seen: Condition) -> str:
    """What is said of Cloudflare being away, which nobody here has to do anything about."""
    if seen.reason in _AWAY:
        return _("Cloudflare does not answer at the moment; this is tried again by itself.")
    return ""


def _step(seen: Condition, name: str) -> StepState:
    return StepState(seen.steps.get(name, {}).get("state", StepState.PENDING))


def _blamed(seen: Condition) -> bool:
    """Whether one of its steps says already what the condition says."""
    return any(noted.get("state") == StepState.FAILED for noted in seen.steps.values())


layers.register("connector", gettext_lazy("Connector"), 20, _connector)
layers.register("access", gettext_lazy("Access"), 30, _access)
layers.register("dns", gettext_lazy("DNS"), 40, _dns)
