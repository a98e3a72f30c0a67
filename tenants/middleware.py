"""Notes where a request came from, so that whatever it does can be put on record."""

import uuid
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from tenants import proxies
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
