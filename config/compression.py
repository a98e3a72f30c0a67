"""Text goes out compressed: pages, and the files of theirs that no proxy has compressed beforehand."""

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware

TEXT = ("text/html", "text/css", "text/javascript", "application/json", "application/problem+json", "image/svg+xml")


class TextMiddleware(GZipMiddleware):
    """Django's, which pads what it compresses against BREACH, for text alone: an archive is no smaller for it."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        # Not the API: compressed, an ETag would be weak, and `If-Match` takes no weak one.
        if request.path.startswith("/api/") or not response.headers.get("Content-Type", "").startswith(TEXT):
            return response
        return super().process_response(request, response)
