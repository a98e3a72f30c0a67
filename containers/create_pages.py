"""The page that creates a container, and what it says about a name while that is typed.

`access` has the route of the page: who is let in from the start is chosen on it as well.
"""

from typing import Any

from django.contrib.auth.mixins import LoginRequiredMixin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import cached_property
from django.views import View
from django.views.generic import FormView

from containers import admission, naming, usage
from containers.forms import ContainerForm
from containers.models import Container, Template
from tenants import current
from tenants.models import Tenant
from tenants.pages.forms import lead
from tenants.refusal import Refused


class _ForTenant(LoginRequiredMixin):
    request: HttpRequest

    @cached_property
    def tenant(self) -> Tenant:
        """Whoever belongs to none is refused."""
        try:
            return current.on_page(self.request)
        except Refused as exc:
            raise PermissionDenied(str(exc)) from exc


class ContainerCreateView(_ForTenant, FormView[ContainerForm]):
    """What makes a creation impossible is said before anything is asked for."""

    template_name = "containers/create.html"
    form_class = ContainerForm
    forms: tuple[str, ...] = ("form",)  # of the page, as the template knows them, from the top

    def get_initial(self) -> dict[str, Any]:
        return {"template": self.request.GET.get("template", ""), "name": self.request.GET.get("name", "")}

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "tenant": self.tenant}

    def form_valid(self, form: ContainerForm) -> HttpResponse:
        try:
            made = self.make(form)
        except Refused as exc:
            self.refuse(form, exc)
            return self.form_invalid(form)
        return redirect("container", pk=made.pk)

    def make(self, form: ContainerForm) -> Container:
        """Raises `Refused`."""
        return admission.create(actor=current.person(self.request), tenant=self.tenant, **form.wanted())

    def refuse(self, form: ContainerForm, exc: Refused) -> None:
        """Show it where it belongs."""
        form.refuse(exc)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        used = usage.of(self.tenant)
        limit = used.containers.limit
        facts: dict[str, Any] = {"tenant": self.tenant, "usage": used}
        facts["full"] = limit is not None and used.containers.used >= limit
        facts["nothing"] = not Template.objects.offered([self.tenant.plan]).exists()
        # What was typed already is not taken away by a limit that was reached meanwhile.
        facts["impossible"] = self.request.method != "POST" and (
            self.tenant.suspended or facts["full"] or facts["nothing"]
        )
        shown = super().get_context_data(**facts, **kwargs)
        lead(*(shown[name] for name in self.forms if name in shown))
        return shown


class NameCheckView(_ForTenant, View):
    """A fragment: the address that comes of a name, or why it can't be had. The creation itself asks again."""

    http_method_names = ["get"]  # noqa: RUF012  (Django declares it for the instance)

    def get(self, request: HttpRequest) -> HttpResponse:
        facts: dict[str, str] = {}
        tenant = self.tenant  # who has none has nothing to ask
        if name := request.GET.get("name", "").strip()[:200]:
            try:
                facts["hostname"] = naming.preview(tenant, name)
            except Refused as exc:
                facts["wrong"] = str(exc)
        return render(request, "containers/_name_check.html", facts)
