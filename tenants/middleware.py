"""Notes where a request came from, so that whatever it does can be put on record."""

import uuid
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from tenants import audit


class OriginMiddleware:
    """Sets `audit.origin` and answers with the `X-Request-ID` that stands in log and audit rows."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request_id = uuid.uuid4().hex
        token = audit.origin.set(audit.Origin(audit.address(request.META.get("REMOTE_ADDR", "")), request_id))
        try:
            response = self.get_response(request)
        finally:
            audit.origin.reset(token)
        response["X-Request-ID"] = request_id
        return response
