"""The reconcilers; importing the package registers them with the loop, and their conditions and steps."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from cloudflare.reconcile import connector, names, publication, sign_out, tunnel, zone
from containers import conditions, steps

conditions.register(names.PUBLISHED)
conditions.register(names.CONNECTED)
steps.register(names.STEP_TUNNEL, _("Tunnel"), 50, names.PUBLISHED)
steps.register(names.STEP_ACCESS, pgettext_lazy("step", "Access"), 60, names.PUBLISHED)
steps.register(names.STEP_DNS, _("DNS"), 70, names.PUBLISHED)

__all__ = ["connector", "names", "publication", "sign_out", "tunnel", "zone"]
