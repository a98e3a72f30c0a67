"""Times are shown in the reader's own zone, which the browser alone knows: page.js notes it in a cookie."""

import zoneinfo
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

COOKIE = "timezone"


class ZoneMiddleware:
    """Activates the zone of the cookie for one page; UTC, and marked as that, without one. The API speaks UTC."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        name = "" if request.path.startswith("/api/") else request.COOKIES.get(COOKIE, "")
        with timezone.override(_zone(name)):
            return self.get_response(request)


def _zone(name: str) -> zoneinfo.ZoneInfo | None:
    """What a cookie says is anybody's: a name that is no zone is none."""
    try:
        return zoneinfo.ZoneInfo(name) if name and len(name) < 64 else None
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
        return None
