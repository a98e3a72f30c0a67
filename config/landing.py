"""Where people come from, and where they land after they signed in again.

A page that asks for a sign-in names itself as `next`, and that is right for a page. What a button sent has no page to
come back to, and a fragment is none either: for both it is the page that they were sent from.
"""

from urllib.parse import parse_qs, urlencode, urlsplit

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse
from django.utils.http import url_has_allowed_host_and_scheme

PAGES = {"GET", "HEAD", "OPTIONS"}


def came_from(request: HttpRequest) -> str:
    """The page of ours that somebody sent the request from, as a path; empty where that is not known."""
    named = request.headers.get("HX-Current-URL") or request.headers.get("Referer", "")
    try:
        ours = url_has_allowed_host_and_scheme(named, {request.get_host()}, require_https=request.is_secure())
    except DisallowedHost:
        return ""
    page = urlsplit(named)
    # One slash before the path: after two of them would stand another host.
    return page._replace(scheme="", netloc="", fragment="", path="/" + page.path.lstrip("/")).geturl() if ours else ""


def here(request: HttpRequest) -> str:
    """The page that was asked for, or the one that a button of it was pressed on."""
    return request.get_full_path() if request.method in PAGES else came_from(request)


def sign_in(to: str, *, ended: bool = False) -> str:
    """The sign-in page that leads there; `ended` has it say that a session was over."""
    query = "&".join(part for part in (urlencode({"next": to}) if to else "", "signed-out" if ended else "") if part)
    return f"{settings.LOGIN_URL}?{query}" if query else settings.LOGIN_URL


def asks_to_sign_in(request: HttpRequest, response: HttpResponse) -> bool:
    """Whether it turns away who has not signed in: then it leads to the sign-in page, and from there to itself."""
    to = urlsplit(response.get("Location", "") or response.get("HX-Redirect", ""))
    back = parse_qs(to.query).get("next", [])
    return to.path == settings.LOGIN_URL and (back == [request.get_full_path()] or to.query == "signed-out")
