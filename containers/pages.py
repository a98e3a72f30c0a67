"""The pages for containers. They work without JavaScript; with it, what changes refreshes by itself."""

from collections.abc import Callable
from typing import Any, ClassVar

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views import View
from django.views.generic import DetailView

from containers import admission, lifecycle, visibility
from containers.models import Container
from tenants import current
from tenants.pages.forms import said
from tenants.words import gettext as _


class Mine(LoginRequiredMixin):
    """About the containers that the person may know of."""

    request: HttpRequest

    def handle_no_permission(self) -> HttpResponse:  # type: ignore[override]  # declared as a redirect alone
        """A fragment that refreshes itself would show the sign-in page in its place: it sends the page there."""
        answer = super().handle_no_permission()
        if self.request.headers.get("HX-Request") == "true":
            return HttpResponse(headers={"HX-Redirect": f"{settings.LOGIN_URL}?signed-out"})
        return answer

    def get_queryset(self) -> QuerySet[Container]:
        return (
            Container.objects.visible_to(self.request.user)
            .living()
            .select_related("tenant", "template", "status")
            .prefetch_related("conditions")
        )


class ContainerView(Mine, DetailView[Container]):
    """Overview, metrics, log and terminal are one document, of which each address shows another part."""

    template_name = "containers/detail.html"
    context_object_name = "container"
    tab = "overview"
    needs = "view"  # the permission without which that part is not there

    def get_object(self, queryset: QuerySet[Container] | None = None) -> Container:
        found = super().get_object(queryset)
        if self.needs not in visibility.held_here(self.request, found):
            raise PermissionDenied
        return found

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        phase, health = lifecycle.of(self.object)
        settled = phase in {lifecycle.Lifecycle.STOPPED} or health is lifecycle.Health.HEALTHY
        held = visibility.held_here(self.request, self.object)
        facts = {"settled": settled, "held": held, "manages": "change" in held, "tab": self.tab}
        return super().get_context_data(**facts, **kwargs)


class ContainerLiveView(ContainerView):
    """The part of the page that refreshes itself. Once the container is gone, it sends the page to the list, where it
    says why."""

    template_name = "containers/_live.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return super().get(request, *args, **kwargs)
        except Http404:
            messages.info(request, _("That container was deleted, or is not shared with you any more."))
            return HttpResponse(headers={"HX-Redirect": "/"})


class ContainerHeadView(ContainerLiveView):
    """The same for what stands above each of a container's tabs."""

    template_name = "containers/_head.html"


class ContainerChangeView(Mine, View):
    http_method_names = ["post"]  # noqa: RUF012  (Django declares it for the instance)
    verbs: ClassVar[dict[str, tuple[str, Callable[..., Container]]]] = {
        "start": ("operate", admission.start),
        "stop": ("operate", admission.stop),
        "restart": ("operate", admission.restart),
        "retry": ("operate", admission.retry),
        "delete": ("delete", admission.remove),
    }

    def post(self, request: HttpRequest, pk: Any, verb: str) -> HttpResponse:
        if verb not in self.verbs:
            raise Http404
        container = get_object_or_404(self.get_queryset(), pk=pk)
        permission, change = self.verbs[verb]
        if not visibility.may(request.user, container, permission):
            raise PermissionDenied
        with said(request):
            change(container, actor=current.person(request), permission=permission)
        return redirect("container", pk=pk)
