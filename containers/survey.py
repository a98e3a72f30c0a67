"""One list call to the engine, compared with all rows: finds what changed behind our back."""

import logging
import uuid
from collections.abc import Callable, Sequence
from typing import Any

from django.conf import settings

from containers import engine, firewall, networks
from containers.engine.base import LABEL, Listed
from containers.errors import Failed
from containers.models import ContainerStatus, Desired, EngineState, Network, NetworkKind

log = logging.getLogger(__name__)

Look = Callable[[Sequence[Listed]], None]
_others: list[Look] = []


def show(look: Look) -> Look:
    """Have each list of ours at the engine looked through by `look` as well: what is made by an app above is its own.

    The list is older than any row that `look` reads: what is in it had its row before, if it has one.
    """
    _others.append(look)
    return look


def engine_differences() -> list[Any]:
    """Make every container due whose engine state is not what was last seen; returns their keys.

    Raises `Terminal`, with all of that done, where the firewall can be neither verified nor set.
    """
    ours = engine.current().list({LABEL: settings.INSTALLATION})
    listed = {row.labels["warren.container"]: row for row in ours if "warren.container" in row.labels}
    known = ContainerStatus.objects.filter(container__deleted_at=None).select_related("container__tenant")
    wanted = known.only(
        "state", *(f"container__{name}" for name in ("desired", "engine_name", "internet", "tenant__slug"))
    )
    differing = [
        status.pk
        for status in wanted
        if _differs(status, listed.pop(str(status.pk), None)) and status.container.desired != Desired.ABSENT
    ]
    # Made by a worker whose lease had run out, after others verified that nothing was left.
    late = ContainerStatus.objects.filter(pk__in=filter(None, map(_key, listed))).exclude(container__deleted_at=None)
    differing += (buried := list(late.values_list("pk", flat=True)))
    for orphan in listed.keys() - {str(pk) for pk in buried}:
        log.warning("the engine runs a container of ours that no row knows: %s", orphan)
    if differing:
        ContainerStatus.objects.filter(pk__in=differing).ring()
    for look in _others:
        try:
            look(ours)
        except Failed as failure:  # the next survey sees the same
            log.warning("not all that the engine lists could be looked at: %s", failure)
    if Network.objects.filter(kind=NetworkKind.INTERNET).exclude(engine_id="").exists():
        firewall.ensure()  # a reboot or a reload may have taken the rules away under running containers
    return differing


def _differs(status: ContainerStatus, row: Listed | None) -> bool:
    if row is None:
        return status.state != EngineState.ABSENT
    container = status.container
    if (row.name, row.state) != (container.engine_name, status.state):
        return True
    # Of what does not run, it is looked at before the start.
    missing = networks.names(container.tenant.slug, internet=container.internet) - row.networks
    return row.state == EngineState.RUNNING and bool(missing)


def _key(label: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(label)
    except ValueError:
        return None
