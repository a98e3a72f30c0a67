"""`/healthz`: this process answers. `/readyz`: what it stands on answers too.

A middleware in front of all others, so that a probe needs no allowed host, no session and no redirect to HTTPS.
"""

import logging
from collections.abc import Callable

from django.core.cache import cache
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse

log = logging.getLogger(__name__)


def _database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _migrations() -> None:
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise RuntimeError("migrations are waiting: run manage.py migrate")


def _redis() -> None:
    cache.get("readyz")


PARTS: dict[str, Callable[[], None]] = {"database": _database, "migrations": _migrations, "redis": _redis}


def readiness() -> dict[str, str]:
    """State of every part: `ok`, or `failed` (the reason goes to the log, not to whoever asks)."""
    states = {}
    for name, probe in PARTS.items():
        try:
            probe()
        except Exception as exc:
            log.warning("not ready: %s: %s", name, exc)
            states[name] = "failed"
        else:
            states[name] = "ok"
    return states


class HealthMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path == "/healthz":
            return JsonResponse({"status": "ok"})
        if request.path == "/readyz":
            states = readiness()
            ready = all(state == "ok" for state in states.values())
            return JsonResponse({"status": "ok" if ready else "failed", **states}, status=200 if ready else 503)
        return self.get_response(request)
