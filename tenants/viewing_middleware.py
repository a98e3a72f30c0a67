"""Puts a `Viewer` in the place of staff who view as a tenant, on the pages of that tenant, and lets nothing be changed.

What is not listed here is refused, so that a page that is added is closed to viewers until somebody has thought of it.
The API and the admin are left alone: there, staff stay who they are.
"""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from tenants import viewing

PAGES = ("containers/", "tenants/<slug:tenant>/", "activity/", "js-words/")  # routes that begin so, and the first page
OWN = {"view-as", "view-as-stop", "sign-out"}  # what staff do as themselves meanwhile
ELSEWHERE = ("/admin/", "/api/")
LOOKS = {"GET", "HEAD"}


class ViewingMiddleware:
    """After everything that asks who is signed in; sets `viewing_as`, which every page shows."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        aside = request.path_info.startswith("/api/")
        request.viewing_as = None if aside else viewing.present(request)  # type: ignore[attr-defined]  # ours
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        viewer, match = request.viewing_as, request.resolver_match  # type: ignore[attr-defined]
        if viewer is None or match is None or request.path_info.startswith(ELSEWHERE) or match.view_name in OWN:
            return None
        request.user = viewer
        listed = match.route == "" or match.route.startswith(PAGES)
        if listed and request.method in LOOKS:
            return None
        return render(request, "_view_as_refused.html", {"changes": request.method not in LOOKS}, status=403)
