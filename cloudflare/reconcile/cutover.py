"""What one hostname of a container means for its others: the cut-over from one to the next, and the last one's end.

Both lock the container first, as those do who rename or delete it: so each sees what came before, whole.
"""

import datetime

from django.conf import settings
from django.utils import timezone

from cloudflare.models import Publication
from cloudflare.reconcile import names
from containers import conditions
from containers.lease import Lease
from containers.models import Container, ContainerStatus, Desired
from containers.models.schedule import ScheduledQuerySet


def others(publication: Publication) -> ScheduledQuerySet[Publication]:
    """The container's other hostnames that are not gone."""
    return Publication.objects.filter(container=publication.container_id, gone_at=None).exclude(pk=publication.pk)


def is_due(publication: Publication) -> bool:
    """Whether this published hostname is wanted, and the container is still known by another one, or by none."""
    return publication.wanted and publication.container.status.hostname != publication.hostname


def carry_out(publication: Publication) -> None:
    """From now on the container is known by this hostname; the earlier one answers a little longer, and then goes.

    Unless the container was renamed again meanwhile: then this is an earlier one itself.
    """
    container = locked(publication)
    if container.hostname != publication.hostname:
        return
    ContainerStatus.objects.filter(pk=container.pk).update(hostname=publication.hostname)
    if publication.container.status.hostname:  # nothing answered before: then nothing has to go
        until = timezone.now() + datetime.timedelta(seconds=settings.RENAME_OVERLAP_SECONDS)
        others(publication).filter(leaves_at=None).ring(leaves_at=until)


def end(publication: Publication, lease: Lease) -> None:
    """Note that nothing of the hostname is left; with the last one of a container that goes, tell that all is gone."""
    container = locked(publication)  # of two hostnames that end at once, the second sees the first one's end
    lease.write(gone_at=timezone.now())
    if container.desired != Desired.ABSENT or others(publication).exists():
        return
    for condition in (names.PUBLISHED, names.CONNECTED):
        conditions.report([container.pk], condition, False, conditions.GONE, generation=container.generation)
    ContainerStatus.objects.filter(pk=container.pk).ring()


def locked(publication: Publication) -> Container:
    """The container as it is now, and stays until the transaction at hand has ended."""
    rows = Container.objects.select_for_update(of=("self",)).only("hostname", "desired", "generation")
    return rows.get(pk=publication.container_id)
