"""Answers for `containers.last_used`: the last time that the edge let somebody in."""

from django.db.models import OuterRef, Subquery

from access.models import Visit
from containers import last_used


def _last() -> Subquery:
    came = Visit.objects.filter(container=OuterRef("pk"), allowed=True).order_by("-at", "-pk").values("at")
    return Subquery(came[:1])


last_used.plug(_last)
