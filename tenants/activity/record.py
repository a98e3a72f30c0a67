"""What pages of a record have in common: the rows that a search finds, page by page, and their CSV."""

from typing import Any
from urllib.parse import urlsplit

from django.contrib.auth.mixins import LoginRequiredMixin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.views import View
from rest_framework.exceptions import NotFound
from rest_framework.request import Request

from tenants.activity.search import Log, Row, Searching
from tenants.refusal import Refused


class Record(LoginRequiredMixin, View):
    """Works without JavaScript. A refusal is shown as the error page that fits it."""

    route: str  # of the page that has the form

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return super().dispatch(request, *args, **kwargs)
        except Refused as exc:
            if exc.status == 404:
                raise Http404 from exc
            raise PermissionDenied(str(exc)) from exc

    def page(self, form: Searching[Row], rows: QuerySet[Row]) -> dict[str, Any]:
        """What the template shows of the rows: those that the form asks for, and none where it can't be read."""
        pages, valid = Log(), form.is_valid()
        try:
            found = pages.paginate_queryset(form.narrow(rows), Request(self.request)) if valid else []
        except NotFound as exc:
            raise Http404 from exc
        seen = {"form": form, "rows": found, "asked": self.request.GET.urlencode(), "searched": bool(form.asked())}
        if valid:
            seen |= {"newer": _here(pages.get_previous_link()), "older": _here(pages.get_next_link())}
        return seen

    def back(self) -> HttpResponseRedirect:
        """To the page that says what is wrong with what was asked for."""
        return HttpResponseRedirect(f"{reverse(self.route, kwargs=self.kwargs)}?{self.request.GET.urlencode()}")


def _here(link: str | None) -> str:
    """The same page by its query alone, whatever a proxy in front calls this host."""
    return f"?{urlsplit(link).query}" if link else ""
