"""What a person or a program reads where no view answered: one page, and the same problem document as elsewhere.

A page says what happened, why, and what to do next. A fragment of a page (htmx) gets the words alone: page.js shows
them at the foot, and the page stays as it is.
"""

import sys
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import REASON_BAD_ORIGIN
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from config import landing, parsing
from config.problems import CONTENT_TYPE, document
from tenants import lockout
from tenants.origin import origin

RETRY_SECONDS = 5
_TITLES = {
    400: gettext_lazy("Warren can't read this request"),
    403: gettext_lazy("You may not do this"),
    404: gettext_lazy("There is nothing here"),
    405: gettext_lazy("This can't be opened by its address"),
    413: gettext_lazy("This is too large"),
    429: gettext_lazy("Too many requests"),
    500: gettext_lazy("Warren has a fault"),
    503: gettext_lazy("Warren is away for a moment"),
}


def _answer(
    request: HttpRequest, status: int, code: str, detail: str, next_step: str = "", **more: Any
) -> HttpResponse:
    """`detail` is for everybody; `next_step`, and the `switch` to another account, are for people alone."""
    if request.path.startswith("/api/"):
        return JsonResponse(document(status, code, detail), status=status, content_type=CONTENT_TYPE)
    title = _TITLES[status]
    if getattr(request, "htmx", False):
        return HttpResponse(
            f"{title}. {detail} {next_step}".strip(), status=status, content_type="text/plain; charset=utf-8"
        )
    shown = {"title": title, "detail": detail, "next_step": next_step, "back": landing.came_from(request), **more}
    shown |= {"status": status, "request_id": origin.get().request_id if status >= 500 else ""}
    # Without the request where the database may be what is away: to say who is signed in would ask it.
    # Who views as a tenant is told so on every page, and the database was there to find that out.
    viewing = getattr(request, "viewing_as", None) is not None and status < 500
    known = request if viewing or status in {403, 404, 405, 413, 429} else None
    return HttpResponse(render_to_string("error.html", shown, known), status=status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django comes here as well with a form that is too long: to send that once more would help nobody."""
    if isinstance(exception, RequestDataTooBig):
        refusal = parsing.too_large()
        return _answer(
            request,
            refusal.status,
            refusal.code,
            str(refusal),
            _("Go back, leave some of it out and send it again."),
        )
    return _answer(
        request,
        400,
        "invalid",
        _("Warren can't make sense of this request."),
        _("Go back, reload the page and try again."),
    )


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    said = str(exception)
    detail = said or _("You may not do this; ask an owner.")
    return _answer(request, 403, "permission_denied", detail, switch=landing.sign_in(landing.here(request)))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Whether something is not there, or not for whoever asks, nobody learns here."""
    detail, next_step = _("There is no such thing, or you may not see it."), ""
    match getattr(request.resolver_match, "url_name", None) or "":
        case name if name.startswith("container"):
            detail = _("This container was deleted, or it is not shared with you any more.")
            next_step = _("If you should have it, ask whoever gave you the address to share it with you.")
        case name if name.startswith(("tenant", "member", "invitation", "hand-over")):
            detail = _("There is no such tenant, or you do not belong to it.")
            next_step = _("If you should, ask one of its owners to invite you.")
        case "":
            next_step = _("The address may be mistyped, or what stood here has moved.")
    return _answer(request, 404, "not_found", detail, next_step)


def method_not_allowed(request: HttpRequest) -> HttpResponse:
    detail = _("This address takes what a button sends, and shows no page of its own.")
    return _answer(request, 405, "method_not_allowed", detail, _("Go back to the page, and use its button."))


def server_error(request: HttpRequest) -> HttpResponse:
    """A database that is away passes by itself; anything else is a fault of ours, and the log has its details."""
    if isinstance(sys.exception(), OperationalError | InterfaceError):
        away = _("The database does not answer. Nothing is lost; try again in a moment.")
        on = _("Containers run on, and can be opened by their addresses.")
        if request.method == "GET" and not getattr(request, "htmx", False):
            on = " ".join((on, _("This page tries again by itself.")))
        answer = _answer(request, 503, "database_away", away, on)
        answer["Retry-After"] = str(RETRY_SECONDS)
        if request.method == "GET":
            answer["Refresh"] = str(RETRY_SECONDS)
        return answer
    return _answer(
        request,
        500,
        "internal",
        _("Something went wrong inside Warren; the log has the details."),
        _("Try it once more. If it stays so, tell whoever runs Warren, with the number below."),
    )


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Most often a form from before somebody signed in or out."""
    if reason.startswith(REASON_BAD_ORIGIN.partition("%")[0]):
        return _answer(request, 403, "origin", _("This form was sent from another site's page; open Warren itself."))
    return _answer(
        request,
        403,
        "form_outdated",
        _("This form is out of date: go back, reload the page and try again."),
        _("That happens when you signed in or out meanwhile, in another tab. Nothing was changed."),
    )


def too_often(request: HttpRequest, seconds: int) -> HttpResponse:
    detail = _("Too many forms were sent from where you are. Try again in %(seconds)s s.") % {"seconds": seconds}
    answer = _answer(request, 429, "throttled", detail)
    answer["Retry-After"] = str(seconds)
    return answer


def sign_in_locked(request: HttpRequest, *args: object) -> HttpResponse:
    """In place of any answer to somebody who was wrong too often; axes calls it, with arguments that vary."""
    seconds = lockout.seconds_left(request)
    minutes = -(-seconds // 60)
    when = ngettext("%d minute", "%d minutes", minutes) % minutes
    detail = _("Too many wrong passwords for this address. Try again in %(when)s, or reset the password.") % {
        "when": when
    }
    answer = _answer(request, 429, "sign_in_locked", detail, reset=True, title=_("Too many wrong passwords"))
    answer["Retry-After"] = str(seconds)
    return answer
