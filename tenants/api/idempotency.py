"""`Idempotency-Key` on whatever creates: `@idempotent` above the method of the view, and that is all.

    @idempotent
    def create(self, request: Request) -> Response: ...

The view must answer somebody who is signed in, with JSON that may be stored: no secret that is shown once. It may
refuse, and its refusal is put on record as ever; refusals are not kept, so that the same key can be tried again.
"""

import json
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, transaction
from django.http import Http404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import APIException
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from tenants import current, idempotency
from tenants.idempotency import Answer, Claim
from tenants.refusal import Refused

NAME, REPLAYED = "Idempotency-Key", "Idempotency-Replayed"
KEPT_HEADERS = ("Location", "ETag")
_KEY = OpenApiParameter(
    NAME,
    {"type": "string", "pattern": r"^[\x21-\x7e]{1,255}$"},
    OpenApiParameter.HEADER,
    description="Yours to choose, such as a UUID. The same key and body within 24 hours get the same answer, and "
    "nothing is made twice.",
)
_REPLAYED = OpenApiParameter(
    REPLAYED,
    {"type": "string", "enum": ["true"]},
    OpenApiParameter.HEADER,
    response=[200, 201, 202],
    description="There when this is the answer to an earlier request with the same key.",
)


def idempotent(method: Callable[..., Response]) -> Callable[..., Response]:
    @wraps(method)
    def once(view: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        key = request.headers.get(NAME)
        if key is None:
            return method(view, request, *args, **kwargs)
        wanted = idempotency.digest(request.path, request.data)
        found = idempotency.claim(current.person(request), _route(request), key, wanted)
        if isinstance(found, Answer):
            headers = {**found.headers, REPLAYED: "true"}
            return Response(json.loads(found.body), status=found.status, headers=headers)
        return _carry_out(found, lambda: method(view, request, *args, **kwargs))

    described: Callable[..., Response] = extend_schema(parameters=[_KEY, _REPLAYED])(once)
    return described


def _route(request: Request) -> str:
    match = request._request.resolver_match
    return match.view_name if match else request.path[:100]


def _carry_out(claim: Claim, work: Callable[[], Response]) -> Response:
    """The work and its answer in one transaction; a refusal is caught inside it, so that its audit row stays."""
    refusal: Exception | None = None
    try:
        with transaction.atomic():
            try:
                response = work()
            except (Refused, APIException, Http404, PermissionDenied) as exc:
                refusal = exc
            if refusal is None and response.status_code < 400:
                claim.keep(_answer(response))
            else:
                claim.release()
    except Exception:  # a fault, which goes on as one: nothing was made, so the same request may come again at once
        with suppress(DatabaseError):  # else the claim runs out by itself
            claim.release()
        raise
    if refusal is not None:
        raise refusal
    return response


def _answer(response: Response) -> Answer:
    body = JSONRenderer().render(response.data).decode() or "null"
    headers = {name: response[name] for name in KEPT_HEADERS if name in response}
    return Answer(response.status_code, headers, body)
