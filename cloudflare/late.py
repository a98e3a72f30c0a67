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
def look(listed: Sequence[Listed]) -> None:
    there = {row.name: row for row in listed if "warren.connector" in row.labels}
    if not there:
        return
    known = {connector.engine_name: connector for connector in Connector.objects.select_related("tunnel__tenant")}
    # To Cloudflare, what somebody has stopped, paused or taken off a network may well be connected.
    wanted = [(there[name], row) for name, row in known.items() if row.wanted and name in there]
    if idle := [row.pk for seen, row in wanted if not serves(row, seen)]:
        Connector.objects.filter(pk__in=idle).ring()
    for name in there.keys() - known.keys():
        _remove(there[name])


def _remove(unknown: Listed) -> None:
    """It holds no data: unlike a container that no row knows, it is not worth asking about."""
    log.warning("the engine runs a connector of ours that no row knows: %s; it is removed", unknown.name)
    engine.current().remove(unknown.name)
    Network.objects.filter(tenant__slug=unknown.labels.get("warren.tenant", "")).ring()  # they may go now
