"""The list of a tenant's containers, and what is done with several of them at once."""

from collections import defaultdict
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views import View
from django.views.generic import ListView

from containers import usage
from containers.browse import SORTS, Found, Sought
from containers.groups import Group
from containers.models import Container
from containers.pages import ContainerChangeView, Mine
from tenants import current, guests
from tenants.models import Tenant
from tenants.refusal import Refused

A_PAGE = 50
AT_ONCE = 100  # containers of one request: each is a transaction of its own, and somebody waits for all
NAMED = 10  # in what is said about them
DELETE = "delete"


class _Counted(Paginator[Container]):
    """How many there are is known already."""

    counted = 0

    @cached_property
    def count(self) -> int:
        return self.counted


class ContainerListView(Mine, ListView[Container]):
    """Without JavaScript a page; for htmx the part of it that holds the containers, with the plan's use along."""

    template_name = "containers/list.html"
    context_object_name = "containers"
    paginate_by = A_PAGE

    @cached_property
    def tenant(self) -> Tenant | None:
        return current.present(self.request)

    @cached_property
    def sought(self) -> Sought:
        return Sought.read(self.request.GET)

    @cached_property
    def counted(self) -> Found:
        return self.sought.count(Container.objects.visible_to(self.request.user).living().filter(tenant=self.tenant))

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Who belongs to no tenant has no such list, but may be somebody's guest."""
        if self.tenant is None:
            if self.fragment:  # they belonged to one when they opened the page
                return HttpResponse(headers={"HX-Redirect": reverse(guests.home())})
            return redirect(guests.home())
        answer = super().get(request, *args, **kwargs)
        if self.fragment and request.headers.get("HX-Trigger") == "filter":
            typing = request.headers.get("HX-Trigger-Name") == "q"
            answer["HX-Replace-Url" if typing else "HX-Push-Url"] = self.address
        answer["Vary"] = "HX-Request"
        return answer

    @property
    def fragment(self) -> bool:
        asked = self.request.headers
        return asked.get("HX-Request") == "true" and asked.get("HX-History-Restore-Request") != "true"

    @property
    def address(self) -> str:
        """Of the list as it is sought; a tenant that the address named stays in it."""
        return reverse("container-list") + self.sought.query(tenant=self.request.GET.get("tenant", ""))

    def get_queryset(self) -> QuerySet[Container]:
        """Those of one tenant: the page's header switches to others, and leads to what guests may open."""
        return self.sought.narrow(super().get_queryset().filter(tenant=self.tenant))

    def get_paginator(self, *args: Any, **kwargs: Any) -> Paginator[Container]:
        found = _Counted(*args, **kwargs)
        found.counted = self.counted.shown
        return found

    def paginate_queryset(self, queryset: Any, page_size: int) -> Any:
        """There may be fewer pages than a moment ago: whoever deletes the last row of one sees the one before it."""
        paginator = self.get_paginator(queryset, page_size)
        page = paginator.get_page(self.request.GET.get("page"))
        return paginator, page, page.object_list, page.has_other_pages()

    def get_template_names(self) -> list[str]:
        return ["containers/_rows.html" if self.fragment else self.template_name]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        assert self.tenant is not None
        sought, found, named = self.sought, self.counted, self.request.GET.get("tenant", "")
        shown: dict[str, Any] = {"tenant": self.tenant, "usage": usage.of(self.tenant), "sought": sought}
        shown |= {"found": found, "named": named, "sorts": SORTS.items(), "fragment": self.fragment}
        states = [("", _("All"), sum(found.groups.values()))]
        states += [(group.value, str(group.label), found.groups[group.value]) for group in Group]
        shown["states"] = [
            (state, label, count, sought.query(state=state, tenant=named) or "?") for state, label, count in states
        ]
        shown["at"] = sought.query(tenant=named).replace("?", "&", 1)
        return super().get_context_data(**shown, **kwargs)


class ContainerBulkView(Mine, View):
    """`verb` and the keys as `container`; each one is permitted and put on record by itself. Leads back to the list."""

    http_method_names = ["post"]  # noqa: RUF012  (Django declares it for the instance)

    def post(self, request: HttpRequest) -> HttpResponse:
        verb = request.POST.get("verb") or request.GET.get("verb", "")
        if verb and verb not in ContainerChangeView.verbs:
            raise Http404
        keys = _keys(request.POST)
        if len(keys) > AT_ONCE:
            messages.error(request, _("Choose at most %(most)d containers at once.") % {"most": AT_ONCE})
            return self._back()
        rows = list(self.get_queryset().filter(pk__in=keys).order_by("name", "pk")) if verb else []
        if gone := len(keys) - len(rows) if verb else 0:
            words = ngettext(
                "%(gone)d container is not there any more, or is not yours.",
                "%(gone)d containers are not there any more, or are not yours.",
                gone,
            )
            messages.warning(request, words % {"gone": gone})
        if not rows:
            if not gone:
                messages.info(request, _("Nothing was done: choose containers first."))
            return self._back()
        if verb == DELETE and request.POST.get("word", "").strip().lower() != DELETE:
            return self._ask(rows)
        self._change(verb, rows)
        return self._back()

    def _ask(self, rows: list[Container]) -> HttpResponse:
        """There is no way back, so all are named, and a word is wanted that nobody clicks by mistake."""
        facts = {"chosen": rows, "word": DELETE, "wrong": "word" in self.request.POST}
        facts["back"] = self.request.POST.get("back", "")
        return render(self.request, "containers/delete_several.html", facts)

    def _change(self, verb: str, rows: list[Container]) -> None:
        permission, change = ContainerChangeView.verbs[verb]
        done: list[str] = []
        refused: dict[str, list[str]] = defaultdict(list)
        for container in rows:
            try:
                change(container, actor=current.person(self.request), permission=permission)
                done.append(container.name)
            except Refused as exc:
                refused[str(exc)].append(container.name)
        if done:
            messages.success(self.request, _DONE[verb](len(done)) % {"names": _listed(done)})
        for why, names in refused.items():
            messages.error(self.request, _("%(names)s: %(why)s") % {"names": _listed(names), "why": why})

    def _back(self) -> HttpResponse:
        """To the list as it was sought: never to an address that the form names."""
        asked = QueryDict(self.request.POST.get("back", ""), mutable=True)
        keep = {name: asked[name] for name in ("page", "tenant") if name in asked}
        return redirect(reverse("container-list") + Sought.read(asked).query(**keep))


_DONE = {
    "start": lambda count: ngettext("%(names)s is starting.", "%(names)s are starting.", count),
    "stop": lambda count: ngettext("%(names)s is stopping.", "%(names)s are stopping.", count),
    "restart": lambda count: ngettext("%(names)s is restarting.", "%(names)s are restarting.", count),
    "retry": lambda count: ngettext("%(names)s is tried again.", "%(names)s are tried again.", count),
    DELETE: lambda count: ngettext("%(names)s is being deleted.", "%(names)s are being deleted.", count),
}


def _listed(names: list[str]) -> str:
    shown, more = names[:NAMED], len(names) - NAMED
    if more > 0:
        return _("%(names)s and %(more)d more") % {"names": ", ".join(shown), "more": more}
    return ", ".join(shown)


def _keys(posted: QueryDict) -> set[UUID]:
    """Whatever is no key was written by nobody's page."""
    found = set()
    for key in posted.getlist("container"):
        try:
            found.add(UUID(key))
        except ValueError:
            continue
    return found
