"""Notes where a request came from, for the record of what it does, and chooses the language of its answer."""

import uuid
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.cache import patch_vary_headers

from tenants import languages, proxies
from tenants.origin import Origin, acceptable, origin


class OriginMiddleware:
    """Sets `origin` and answers with the `X-Request-ID` that stands in log and audit rows.

    A front end or a proxy that sends one of its own finds that one there.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-ID", "")
        request_id = given if acceptable(given) else uuid.uuid4().hex
        token = origin.set(Origin(proxies.client(request.META), request_id))
        try:
            response = self.get_response(request)
        finally:
            origin.reset(token)
        response["X-Request-ID"] = request_id
        return response


class LanguageMiddleware:
    """Answers in the language of whoever asks. For the API that is what the request says alone: programs have no
    cookie of ours, and what they are told must not hang on what their owner chose for the pages.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        header = request.headers.get("Accept-Language", "")
        api = request.path.startswith("/api/")
        language = languages.accepted(header) if api else languages.of_browser(request.COOKIES, header)
        with translation.override(language):
            response = self.get_response(request)
            patch_vary_headers(response, ("Accept-Language",))
            response.headers.setdefault("Content-Language", translation.get_language() or language)
        return response

    def process_view(self, request: HttpRequest, view: Callable[..., Any], *given: Any) -> None:
        """Now it is known who they are; what is said before, and to nobody in particular, the browser decides."""
        if request.path.startswith("/api/") or hasattr(view, "speaks_for_itself"):
            return
        # Without a session nobody has signed in, and none is to be looked up.
        if settings.SESSION_COOKIE_NAME in request.COOKIES and (language := languages.chosen(request.user)):
            translation.activate(language)
