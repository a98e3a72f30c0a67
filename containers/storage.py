"""How much a container keeps on disk, and whether the engine stops it at its limit.

Where the engine can't, storage is measured: what is over its limit is shown to its people and to staff, and left
running.
"""

from django.conf import settings
from django.db.models import F, Q

from containers import engine, observed
from containers.engine.base import LABEL, Observed
from containers.models import Container, ContainerStatus
from tenants.figures import size
from tenants.words import gettext as _

OVER = Q(storage_used__gt=F("container__storage"))  # of a ContainerStatus
_BATCH = 200  # rows of one statement: short, for reconcilers write to them meanwhile


def caps(container: Container, seen: Observed) -> dict[str, int]:
    """Fields of the status: the limits that the engine holds, and whether they keep the one that is wanted now.

    Containers and volumes keep the limit that they were made with. A higher one than is wanted does not count.
    """
    return {
        "layer_limit": seen.layer_limit,
        "data_limit": seen.volume_limit,
        "storage_capped": 0 < seen.layer_limit <= container.storage,
        "data_capped": 0 < seen.volume_limit <= container.storage,
    }


def capped(container: Container) -> bool:
    """Whether nothing that the container writes can pass its limit."""
    return container.status.storage_capped and (container.status.data_capped or not container.data_folder)


def words(container: Container) -> str:
    """How the limit is kept, for people; empty before there is anything to keep."""
    if not container.status.engine_id:
        return ""
    layer = _held(container.status.layer_limit, container.storage)
    data = _held(container.status.data_limit, container.storage)
    if layer == data or not container.data_folder:
        return layer
    return _("%(layer)s; %(data_folder)s is %(data)s") % {
        "layer": layer,
        "data_folder": container.data_folder,
        "data": data,
    }


def _held(limit: int, wanted: int) -> str:
    if not limit:
        return _("measured, not capped")
    if limit == wanted:
        return _("capped")
    return _("capped at %(limit)s, with which it was made") % {"limit": size(limit)}


def over(container: Container) -> bool:
    """Whether it was last measured to keep more than its limit."""
    used = container.status.storage_used
    return used is not None and used > container.storage


def measure() -> int:
    """Ask the engine what every container keeps, and note what has changed; returns how many rows."""
    used = {
        row.labels["warren.container"]: row.layer + row.volumes
        for row in engine.current().used({LABEL: settings.INSTALLATION})
        if "warren.container" in row.labels
    }
    living = ContainerStatus.objects.filter(container__deleted_at=None).order_by("pk").select_related("container")
    changed = [row for row in living if str(row.pk) in used and row.storage_used != used[str(row.pk)]]
    for row in changed:
        row.storage_used = used[str(row.pk)]
    ContainerStatus.objects.bulk_update(changed, ["storage_used"], batch_size=_BATCH)
    for row in changed:
        observed.tell(row.pk)
    return len(changed)
