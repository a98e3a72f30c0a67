"""Signs in whom Access vouches for, with a session that lives no longer than that.

Each request carries the assertion anew, and is checked anew. A session that began by one ends with the first request
that comes without, with one that does not count, or with one of somebody else. A session that began with a password is
the person's own doing, and is left alone: without any assertion, beside one of the same person, and beside the one that
it began beside (staff sign in with another account than they open the edge with). It ends where an assertion names
somebody else: then two people share a browser, and neither is to find themself in the other's place.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.contrib.auth import login, logout
from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from cloudflare.entrance import assertion, keys, people
from cloudflare.entrance.assertion import NotVouched, UnknownKey, Vouched
from cloudflare.entrance.door import Door, door
from tenants.models import User

log = logging.getLogger(__name__)

HEADER = "HTTP_CF_ACCESS_JWT_ASSERTION"
BACKEND = "django.contrib.auth.backends.ModelBackend"
BY_ACCESS = "by_access"  # in a session: it began by an assertion
BESIDE = "beside_access"  # in a session that began with a password: whom Access vouched for at that moment
SIGN_OUT = {"sign-out", "admin:logout"}
LEAVE = "/cdn-cgi/access/logout"  # the edge answers that one, on every name that Access stands before


class AccessMiddleware:
    """After Django's own of sessions and people, and after the one that notes where a request came from."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        here = door()
        vouched = _vouched(request, here) if here else None
        if here and vouched:
            request.vouched_for = vouched.email  # type: ignore[attr-defined]  # ours
            _settle(request, here, vouched)
        elif settings.SESSION_COOKIE_NAME in request.COOKIES and request.session.get(BY_ACCESS):
            _end(request)
        response = self.get_response(request)
        # Who goes out of Warren alone would be signed in again by the next page.
        return HttpResponseRedirect(LEAVE) if vouched and _has_signed_out(request) else response


def _vouched(request: HttpRequest, here: Door) -> Vouched | None:
    token = request.META.get(HEADER, "")
    if not token:
        return None
    try:
        return assertion.read(token, here, keys.finder(here))
    except UnknownKey:
        keys.ask(here)
        log.debug("an assertion does not count: its key is not known")
    except NotVouched as exc:
        log.debug("an assertion does not count: %s", exc)
    return None


def _has_signed_out(request: HttpRequest) -> bool:
    where = request.resolver_match.view_name if request.resolver_match else ""
    return where in SIGN_OUT and request.method == "POST" and not request.user.is_authenticated


def _settle(request: HttpRequest, here: Door, vouched: Vouched) -> None:
    """Bring the session in line with what Access says."""
    person, by_access = request.user, bool(request.session.get(BY_ACCESS))
    if isinstance(person, User):
        if by_access:
            stays = person.email == vouched.email and people.may_enter(person, vouched, here)
        else:
            stays = vouched.email in {person.email, request.session.get(BESIDE)}
        if stays:
            return
    if isinstance(person, User) or by_access:  # or of somebody who was switched off meanwhile
        _end(request)
    if request.headers.get("Authorization", "").startswith("Bearer "):
        return  # an API token says who asks, and needs no session beside it
    admitted = people.admit(vouched, here)
    if admitted is not None:
        with _on_record(request):
            login(request, admitted, backend=BACKEND)
        request.session[BY_ACCESS] = True
        request.session.pop(BESIDE, None)


def _end(request: HttpRequest) -> None:
    with _on_record(request):
        logout(request)


@contextmanager
def _on_record(request: HttpRequest) -> Iterator[None]:
    """What is done here is recorded as done by Access; what the person does in the same request is not."""
    request.signed_by = people.HOW  # type: ignore[attr-defined]  # ours
    yield
    del request.signed_by  # type: ignore[attr-defined]


@receiver(user_logged_in)
def signed_in(sender: Any, request: HttpRequest, **kwargs: Any) -> None:
    """Whoever signs in with a password, of the same account even, has a session of their own making."""
    session = getattr(request, "session", None)
    if session is None:
        return
    session.pop(BY_ACCESS, None)
    if beside := getattr(request, "vouched_for", ""):
        session[BESIDE] = beside
    else:
        session.pop(BESIDE, None)
