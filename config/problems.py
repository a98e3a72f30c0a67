"""Every error of the API as `application/problem+json` (RFC 9457) with a stable `code`."""

import math
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.utils.translation import gettext_lazy
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler, set_rollback

from tenants.refusal import Refused
from tenants.words import gettext as _

CONTENT_TYPE = "application/problem+json"
_TITLES = {
    400: gettext_lazy("The request is not valid"),
    401: gettext_lazy("Sign in first"),
    403: gettext_lazy("Not allowed"),
    404: gettext_lazy("Not found"),
    405: gettext_lazy("Method not allowed"),
    406: gettext_lazy("Not acceptable"),
    409: gettext_lazy("Conflict"),
    411: gettext_lazy("Length required"),
    412: gettext_lazy("Changed meanwhile"),
    413: gettext_lazy("Too large"),
    415: gettext_lazy("Unsupported media type"),
    422: gettext_lazy("The request cannot be carried out"),
    429: gettext_lazy("Too many requests"),
    500: gettext_lazy("Warren has a fault"),
    503: gettext_lazy("Not available now"),
    507: gettext_lazy("No room for it"),
}


# What to do next, for what REST framework's own words say no more of than what happened.
_NEXT = {
    exceptions.ParseError: gettext_lazy("Mend the body, and send it again."),
    exceptions.NotAuthenticated: gettext_lazy(
        "Send a token, as “Authorization: Bearer …”; one is made at POST /api/v1/tokens/ or on the page API tokens."
    ),
    exceptions.MethodNotAllowed: gettext_lazy("The header Allow names those that are."),
    exceptions.NotAcceptable: gettext_lazy("Answers are JSON: accept application/json."),
    exceptions.UnsupportedMediaType: gettext_lazy("/api/docs/ says what is taken here."),
}


def title(status: int) -> str:
    return str(_TITLES.get(status, _("Error")))


def document(status: int, code: str, detail: str, **members: Any) -> dict[str, Any]:
    """`{type, title, status, code, detail, …members}`; `code` is for programs, `detail` for people."""
    return {
        "type": f"urn:warren:problem:{code}",
        "title": title(status),
        "status": status,
        "code": code,
        "detail": detail,
        **members,
    }


def problem(status: int, code: str, detail: str, headers: dict[str, str] | None = None, **members: Any) -> Response:
    body = document(status, code, detail, **members)
    return Response(body, status=status, headers=headers, content_type=CONTENT_TYPE)


def handle(exc: Exception, context: dict[str, Any]) -> Response | None:
    """REST framework's exception hook; None leaves the exception to Django (a 500, logged)."""
    if isinstance(exc, Refused):
        set_rollback()
        return problem(exc.status, exc.code, str(exc), _later(exc), **exc.members)
    if isinstance(exc, Http404):
        exc = exceptions.NotFound(_("There is no such thing, or you may not see it; check the address."))
    elif isinstance(exc, PermissionDenied):
        exc = exceptions.PermissionDenied(_("You may not do this; ask an owner."))
    answer = exception_handler(exc, context)
    if answer is None or not isinstance(exc, exceptions.APIException):
        return answer
    headers = {name: value for name, value in answer.items() if name in {"Allow", "Retry-After", "WWW-Authenticate"}}
    if isinstance(exc, exceptions.ValidationError):
        return problem(
            400, "invalid", _("Some fields are not valid; see errors."), headers, errors=exc.get_full_details()
        )
    if isinstance(exc, exceptions.Throttled):
        return problem(429, "throttled", too_often(math.ceil(getattr(exc, "wait", None) or 1)), headers)
    code = exc.get_codes() if isinstance(exc.detail, str) else exc.default_code
    detail = str(exc.detail)
    if next_step := _NEXT.get(type(exc)):
        detail = f"{detail.rstrip('.')}. {next_step}"
    return problem(answer.status_code, str(code), detail, headers)


def too_often(seconds: int) -> str:
    return _("More was asked than the limit allows, which the header RateLimit-Policy names; wait %(seconds)s s.") % {
        "seconds": seconds
    }


def _later(exc: Refused) -> dict[str, str]:
    """When it makes sense to ask again, where the refusal knows."""
    seconds = exc.members.get("retry_after")
    return {} if seconds is None else {"Retry-After": str(seconds)}
