"""What stands on the console's first page. The number of queries is the same, whatever the number of rows.

Each part is shown to staff who may view what it is about.
"""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cloudflare import room
from config.console import growth
from containers import standings
from containers.models import Container
from tenants.models import Tenant

WORDS = {
    "running": _("running"),
    "starting": _("starting"),
    "failing": _("failing"),
    "stopped": _("stopped"),
    "suspended": _("suspended"),
    "deleting": _("being deleted"),
}


def shown(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Unfold calls it with what its first page has."""
    holds = request.user.has_perm
    if holds("tenants.view_tenant"):
        context |= {"tenants": _tenants(), "tenants_growth": growth.of(Tenant.objects.all())}
    if holds("containers.view_container"):
        context |= {"containers": _containers(), "containers_growth": growth.of(Container.objects.all())}
    if holds("cloudflare.view_account"):
        context["rooms"] = room.of_all()
    return context


def _tenants() -> dict[str, Any]:
    month = timezone.now().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    rows = Tenant.objects.living()
    return {
        "count": rows.count(),
        "new": rows.filter(created_at__gte=month).count(),
        "suspended": rows.filter(suspended_at__isnull=False).count(),
        "new_url": reverse("admin:tenants_tenant_changelist", query={"created_at__gte": str(month)}),
        "suspended_url": reverse("admin:tenants_tenant_changelist", query={"suspended_at__isempty": "0"}),
    }


def _containers() -> dict[str, Any]:
    counted = standings.count(Container.objects.living())
    listed = reverse("admin:containers_container_changelist")
    states = [(name, WORDS[name], counted[name], f"{listed}?standing={name}") for name in standings.NAMES]
    return {"count": sum(counted.values()), "states": states}
