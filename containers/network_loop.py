"""Takes a tenant's networks away once nothing of the tenant's is left on them."""

import datetime
from typing import Any

from django.conf import settings
from django.utils import timezone

from containers import engine, loop, networks
from containers.lease import Lease
from containers.models import Container, Network


def load(pk: Any) -> Network:
    return Network.objects.select_related("tenant").get(pk=pk)


def reconcile(network: Network, lease: Lease) -> loop.Result:
    """Nothing is made here: whoever needs a network calls `networks.ensure`."""
    if network.tenant is None:
        return loop.Result(rest=True)
    containers = Container.objects.filter(tenant=network.tenant)
    if containers.living().exists():
        return loop.Result(rest=True)
    emptied = containers.order_by("-deleted_at").values_list("deleted_at", flat=True).first() or timezone.now()
    left = (emptied + datetime.timedelta(seconds=settings.LINGER_SECONDS) - timezone.now()).total_seconds()
    if left > 0:
        return loop.Result(after=left)
    # Also where no id is noted: whoever made it may have died before. Still busy, it is tried again.
    engine.current().remove_network(network.engine_name)
    # Whoever needed it in the meantime was told that it is missing, and has noted another id.
    lease.rows().filter(engine_id=network.engine_id).update(engine_id="")
    return loop.Result(rest=True)


loop.register(loop.Controller(networks.RECONCILE, Network, load, reconcile))
