"""Where containers stand, as rows can be counted and listed by: what `lifecycle` says of one, said of all at once.

Without the deadlines, which hang on the present moment and on each container: whoever is late is still starting here.
"""

from django.db.models import Count, Q, QuerySet

from containers.models import Container, Desired, EngineState

_FAILS = ~Q(status__code="")
_ENDED = Q(desired=Desired.RUNNING, suspended=False, status__state__in=[EngineState.EXITED, EngineState.RESTARTING])

# Of living containers, by name; the first that holds counts.
_ORDER: dict[str, Q] = {
    "deleting": Q(desired=Desired.ABSENT),
    "failing": _FAILS | _ENDED,
    "suspended": Q(suspended=True),
    "stopped": Q(desired=Desired.STOPPED),
    "running": Q(status__state=EngineState.RUNNING),
    "starting": Q(),
}
NAMES = ("running", "starting", "failing", "stopped", "suspended", "deleting")


def where(name: str) -> Q:
    """Living containers that stand there, as a filter over `Container`; each stands in one place."""
    found = Q(deleted_at=None)
    for earlier, rule in _ORDER.items():
        if earlier == name:
            return found & rule
        found &= ~rule
    raise KeyError(name)


def count(rows: QuerySet[Container]) -> dict[str, int]:
    """How many of the rows stand where; one query."""
    return rows.aggregate(**{name: Count("pk", filter=where(name)) for name in NAMES})
