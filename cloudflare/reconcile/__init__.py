"""The reconcilers; importing the package registers them with the loop, and their conditions and steps."""

from cloudflare.reconcile import connector, names, publication, tunnel, zone
from containers import conditions, steps

conditions.register(names.PUBLISHED)
conditions.register(names.CONNECTED)
steps.register(names.STEP_TUNNEL, "Tunnel", 50)
steps.register(names.STEP_ACCESS, "Access", 60)
steps.register(names.STEP_DNS, "DNS", 70)

__all__ = ["connector", "names", "publication", "tunnel", "zone"]
