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
from django.urls import reverse
from django.utils.functional import cached_property
from django.views import View
from django.views.generic import DetailView, FormView, ListView

from containers import admission, lifecycle, usage, visibility
from containers.forms import ContainerForm
from containers.models import Container
from tenants import current, guests, members
from tenants.models import Role, Tenant
from tenants.refusal import Refused
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


class ContainerListView(Mine, ListView[Container]):
    template_name = "containers/list.html"
    context_object_name = "containers"
    paginate_by = 50

    @cached_property
    def tenant(self) -> Tenant | None:
        return current.present(self.request)

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Who belongs to no tenant has no such list, but may be somebody's guest."""
        if self.tenant:
            return super().get(request, *args, **kwargs)
        if request.headers.get("HX-Request") == "true":  # they belonged to one when they opened the page
            return HttpResponse(headers={"HX-Redirect": reverse(guests.home())})
        return redirect(guests.home())

    def get_queryset(self) -> QuerySet[Container]:
        """Those of one tenant: the page's header switches to others, and leads to what guests may open."""
        return super().get_queryset().filter(tenant=self.tenant)

    def get_template_names(self) -> list[str]:
        fragment = self.request.headers.get("HX-Request") == "true"
        return ["containers/_rows.html" if fragment else self.template_name]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        person = current.person(self.request)
        shown: dict[str, Any] = {"tenants": current.mine(person)}
        whole = self.template_name in self.get_template_names()  # with what does not refresh itself
        if whole and (tenant := self.tenant) is not None:
            shown |= {"tenant": tenant, "owner": members.role(tenant, person) == Role.OWNER, "usage": usage.of(tenant)}
            shown["over"] = [usage.worded(each) for each in shown["usage"].over]
        return super().get_context_data(**shown, **kwargs)


class ContainerCreateView(LoginRequiredMixin, FormView[ContainerForm]):
    template_name = "containers/create.html"
    form_class = ContainerForm

    def get_form_kwargs(self) -> dict[str, Any]:
        try:
            tenant = current.on_page(self.request)
        except Refused as exc:
            raise PermissionDenied(str(exc)) from exc
        return {**super().get_form_kwargs(), "tenant": tenant}

    def form_valid(self, form: ContainerForm) -> HttpResponse:
        try:
            made = admission.create(actor=current.person(self.request), tenant=form.tenant, **form.wanted())
        except Refused as exc:
            form.refuse(exc)
            return self.form_invalid(form)
        return redirect("container", pk=made.pk)


class ContainerView(Mine, DetailView[Container]):
    """Overview, metrics, log and terminal are one document, of which each address shows another part."""

    template_name = "containers/detail.html"
    context_object_name = "container"
    tab = "overview"
    needs = "view"  # the permission without which that part is not there

    def get_object(self, queryset: QuerySet[Container] | None = None) -> Container:
        found = super().get_object(queryset)
        if not visibility.may(self.request.user, found, self.needs):
            raise PermissionDenied
        return found

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        phase, health = lifecycle.of(self.object)
        settled = phase in {lifecycle.Lifecycle.STOPPED} or health is lifecycle.Health.HEALTHY
        held = visibility.held(self.request.user, self.object)
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
        try:
            change(container, actor=current.person(request), permission=permission)
        except Refused as exc:
            messages.error(request, str(exc))
        return redirect("container", pk=pk)
