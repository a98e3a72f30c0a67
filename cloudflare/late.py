"""Connectors as the engine lists them: those that do not serve as they should, and those that nobody knows any more.

The latter were made by a worker whose lease had run out while the engine took its time. By then others have verified
that nothing was there, and forgotten its row. Left alone such a one would hold the tenant's networks, and serve a
tunnel beside the connector that is meant to.
"""

import logging
from collections.abc import Sequence

from cloudflare.models import Connector
from cloudflare.reconcile.connector import serves
from containers import engine, survey
from containers.engine.base import Listed
from containers.models import Network

log = logging.getLogger(__name__)


@survey.show
def look_at_known(listed: Sequence[Listed]) -> None:
    """Make due what somebody has stopped, paused or taken off a network: to Cloudflare it may well be connected."""
    there = {row.name: row for row in listed}
    known = Connector.objects.filter(wanted=True).select_related("tunnel__tenant")
    idle = [row.pk for row in known if row.engine_name in there and not serves(row, there[row.engine_name])]
    if idle:
        Connector.objects.filter(pk__in=idle).ring()


@survey.show
def remove_unknown(listed: Sequence[Listed]) -> None:
    """Take away those without a row. They hold no data: unlike a container that no row knows, none is worth asking."""
    there = {row.name: row.labels.get("warren.tenant", "") for row in listed if "warren.connector" in row.labels}
    if not there:
        return
    known = {connector.engine_name for connector in Connector.objects.select_related("tunnel__tenant")}
    for name in there.keys() - known:
        log.warning("the engine runs a connector of ours that no row knows: %s; it is removed", name)
        engine.current().remove(name)
        Network.objects.filter(tenant__slug=there[name]).ring()  # they may go now
