"""`ETag` on answers and `If-Match` on changes, for rows with a `generation`.

A view of such a row answers with `headers=tagged(row)`, hands `if_match(request)` to the change, and says so in its
schema with `@conditional` above a method that changes something, `@versioned` above one that only shows.
"""

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request

from tenants.precondition import IfMatch, Versioned, etag

_ETAG = OpenApiParameter(
    "ETag",
    {"type": "string"},
    OpenApiParameter.HEADER,
    response=[200, 201, 202],
    description="Names what is wanted at the moment; send it back as If-Match.",
)
_IF_MATCH = OpenApiParameter(
    "If-Match",
    {"type": "string"},
    OpenApiParameter.HEADER,
    description="An ETag that you were given: the change is refused with 412 if somebody was faster.",
)

versioned = extend_schema(parameters=[_ETAG])
conditional = extend_schema(parameters=[_ETAG, _IF_MATCH])


def tagged(row: Versioned) -> dict[str, str]:
    return {"ETag": etag(row)}


def if_match(request: Request) -> IfMatch:
    return IfMatch.parse(request.headers.get("If-Match"))
