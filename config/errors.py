"""What a person or a program reads where no view answered: one page, and the same problem document as elsewhere."""

import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import REASON_BAD_ORIGIN
from django.template.loader import render_to_string
from django.utils.translation import ngettext

from config.problems import CONTENT_TYPE, document
from tenants import lockout

RETRY_SECONDS = 5


def _answer(request: HttpRequest, status: int, code: str, detail: str) -> HttpResponse:
    problem = document(status, code, detail)
    if request.path.startswith("/api/"):
        return JsonResponse(problem, status=status, content_type=CONTENT_TYPE)
    # Rendered without the request: to say who is signed in would ask the database, which may be what is away. Who
    # views as a tenant is told so on every page, and the database was there to find that out.
    viewing = request if getattr(request, "viewing_as", None) and status < 500 else None
    return HttpResponse(render_to_string("error.html", {"problem": problem}, viewing), status=status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, 400, "invalid", "Warren can't make sense of this request.")


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, 403, "permission_denied", str(exception) or "You may not do this; ask an owner.")


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, 404, "not_found", "There is no such thing, or you may not see it.")


def server_error(request: HttpRequest) -> HttpResponse:
    """A database that is away passes by itself; anything else is a fault of ours, and the log has its details."""
    if isinstance(sys.exception(), OperationalError | InterfaceError):
        away = "The database does not answer. Nothing is lost; try again in a moment."
        answer = _answer(request, 503, "database_away", away)
        answer["Retry-After"] = str(RETRY_SECONDS)
        return answer
    return _answer(request, 500, "internal", "Something went wrong inside Warren; the log has the details.")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Most often a form from before somebody signed in or out."""
    if reason.startswith(REASON_BAD_ORIGIN.partition("%")[0]):
        return _answer(request, 403, "origin", "This form was sent from another site's page; open Warren itself.")
    return _answer(request, 403, "form_outdated", "This form is out of date: go back, reload the page and try again.")


def too_often(request: HttpRequest, seconds: int) -> HttpResponse:
    detail = f"Too many forms were sent from where you are. Try again in {seconds} s."
    answer = _answer(request, 429, "throttled", detail)
    answer["Retry-After"] = str(seconds)
    return answer


def sign_in_locked(request: HttpRequest, *args: object) -> HttpResponse:
    """In place of any answer to somebody who was wrong too often; axes calls it, with arguments that vary."""
    seconds = lockout.seconds_left(request)
    minutes = -(-seconds // 60)
    when = ngettext("%d minute", "%d minutes", minutes) % minutes
    detail = f"Too many wrong passwords for this address. Try again in {when}, or reset the password."
    answer = _answer(request, 429, "sign_in_locked", detail)
    answer["Retry-After"] = str(seconds)
    return answer
