"""What is said on every answer of the API about how much more may be asked, the limit on forms, and the answers of
pages that no view thinks of.

Apart from `config.throttling`: REST framework loads that one while it is loaded itself.
"""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, JsonResponse

from config import errors, landing, problems
from config.throttling import spend, spend_on_page

SAFE = {"GET", "HEAD", "OPTIONS", "TRACE"}


class RateMiddleware:
    """Says on every answer of the API what is left, and counts those requests that never got as far as a view."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not request.path.startswith("/api/") or response.status_code >= 500:
            return response
        windows = spend(request)
        if response.status_code != 429 and not all(window.admitted for window in windows):
            response = _refusal(max(window.resets for window in windows))
        if windows:
            policies = (f'"{window.policy}";q={window.quota};w={window.seconds}' for window in windows)
            response["RateLimit-Policy"] = ", ".join(policies)
            left = (f'"{window.policy}";r={window.left};t={window.resets}' for window in windows)
            response["RateLimit"] = ", ".join(left)
        return response


class PageRateMiddleware:
    """Stops who has not signed in from posting forms without end: each is work, and a row of the audit log.

    What is over `PAGE_RATE` is not on record: that would be such a row again.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method in SAFE or request.path.startswith("/api/") or request.user.is_authenticated:
            return self.get_response(request)
        over = [window.resets for window in spend_on_page() if not window.admitted]
        return errors.too_often(request, max(over)) if over else self.get_response(request)


class UnkeptMiddleware:
    """Has no browser keep a page: who signs out at a machine of others leaves none to be gone back to."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.get("Content-Type", "").startswith("text/html"):
            response.setdefault("Cache-Control", "private, no-store")
        return response


class LandingMiddleware:
    """A page for who opens an address that takes only what a button sends; and whose session has ended while they were
    on a page, comes back to that one.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.path.startswith("/api/"):
            return response
        if response.status_code == 405 and not response.content:
            page = errors.method_not_allowed(request)
            page["Allow"] = response["Allow"]
            return page
        fragment = getattr(request, "htmx", False)
        if not (fragment or request.method not in landing.PAGES) or not landing.asks_to_sign_in(request, response):
            return response
        there = landing.sign_in(landing.came_from(request), ended=True)
        if fragment:  # it would show the sign-in page in its place
            return HttpResponse(headers={"HX-Redirect": there})
        response["Location"] = there
        return response


def _refusal(seconds: int) -> HttpResponse:
    body = problems.document(429, "throttled", problems.too_often(seconds))
    return JsonResponse(body, status=429, content_type=problems.CONTENT_TYPE, headers={"Retry-After": str(seconds)})
