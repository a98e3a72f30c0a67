"""The pages of a container beside its own: settings, a second one, a new one, its data."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy
from django.views import View
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django_stubs_ext import StrOrPromise

from containers import admission, changes, visibility
from containers.archives import asking
from containers.forms import RenameForm
from containers.models import Archive, Container
from containers.pages import Mine
from containers.settings_forms import DeleteForm, DuplicateForm, RestoreForm, SettingsForm
from tenants import current
from tenants.pages.forms import said
from tenants.refusal import Refused
from tenants.words import gettext as _

SHOWN = 10  # downloads and restores on the page


class Managed(Mine, View):
    """A page about one container, for those who may manage it."""

    template_name: str
    permission = "change"
    section: str  # that the page belongs to, of the settings' own navigation
    title: StrOrPromise

    def container(self, pk: Any) -> Container:
        found = get_object_or_404(self.get_queryset().select_related("tenant__plan"), pk=pk)
        if not visibility.may(self.request.user, found, self.permission):
            raise PermissionDenied
        return found

    def page(self, container: Container, **more: Any) -> HttpResponse:
        facts = {"container": container, "tab": "settings", "section": self.section, "title": self.title}
        return render(self.request, self.template_name, facts | more)


class ContainerSettingsView(Managed):
    template_name = "containers/settings.html"
    section, title = "general", gettext_lazy("Settings")

    def get(self, request: HttpRequest, pk: Any) -> HttpResponse:
        container = self.container(pk)
        return self.page(container, form=SettingsForm(container=container))

    def post(self, request: HttpRequest, pk: Any) -> HttpResponse:
        container = self.container(pk)
        form = SettingsForm(request.POST, container=container)
        if form.is_valid():
            try:
                changes.change(container, actor=current.person(request), permission="change", **form.wanted())
            except Refused as exc:
                if exc.code == "precondition_failed":
                    # Nothing to show: it was changed between here and its lock. The next try sees how it is now.
                    return self.page(container, form=form.again()) if form.differences else self.post(request, pk)
                form.refuse(exc)
            else:
                messages.success(request, _("The settings are saved."))
                return redirect("container", pk=pk)
        return self.page(container, form=form)


class ContainerRenameView(Managed):
    """Says beforehand what becomes of the address that the container has."""

    template_name = "containers/rename.html"
    section, title = "name", gettext_lazy("Rename")
    http_method_names = ["get", "head", "post"]  # noqa: RUF012  (Django declares it for the instance)

    def get(self, request: HttpRequest, pk: Any) -> HttpResponse:
        container = self.container(pk)
        return self.asked(container, RenameForm(initial={"name": container.name}))

    def post(self, request: HttpRequest, pk: Any) -> HttpResponse:
        container, form = self.container(pk), RenameForm(request.POST)
        if form.is_valid():
            try:
                wanted = {"name": form.cleaned_data["name"], "permission": "change"}
                admission.rename(container, actor=current.person(request), **wanted)
                return redirect("container", pk=pk)
            except Refused as exc:
                form.refuse(exc)
        return self.asked(container, form)

    def asked(self, container: Container, form: RenameForm) -> HttpResponse:
        return self.page(container, form=form, overlap=settings.RENAME_OVERLAP_SECONDS)


class ContainerDeleteView(Managed):
    """Asks for the name first: there is no way back."""

    template_name = "containers/delete.html"
    section, title = "danger", gettext_lazy("Delete")
    permission = "delete"
    http_method_names = ["get", "post"]  # noqa: RUF012  (Django declares it for the instance)

    def get(self, request: HttpRequest, pk: Any) -> HttpResponse:
        container = self.container(pk)
        return self.page(container, form=DeleteForm(container=container))

    def post(self, request: HttpRequest, pk: Any) -> HttpResponse:
        container = self.container(pk)
        form = DeleteForm(request.POST, container=container)
        if not form.is_valid():
            return self.page(container, form=form)
        with said(request):
            admission.remove(container, actor=current.person(request), permission=self.permission)
        return redirect("container", pk=pk)


class ContainerDuplicateView(Managed):
    template_name = "containers/duplicate.html"
    section, title = "again", gettext_lazy("Duplicate")

    def get(self, request: HttpRequest, pk: Any) -> HttpResponse:
        return self.page(self.container(pk), form=DuplicateForm())

    def post(self, request: HttpRequest, pk: Any) -> HttpResponse:
        container = self.container(pk)
        form = DuplicateForm(request.POST)
        if form.is_valid():
            try:
                current.of(request.user, container.tenant.slug)
                made = changes.duplicate(container, actor=current.person(request), name=form.cleaned_data["name"])
            except Refused as exc:
                form.refuse(exc)
            else:
                return redirect("container", pk=made.pk)
        return self.page(container, form=form)


class ContainerRecreateView(Managed):
    template_name = "containers/recreate.html"
    section, title = "again", gettext_lazy("Recreate")

    def get(self, request: HttpRequest, pk: Any) -> HttpResponse:
        return self.page(self.container(pk))

    def post(self, request: HttpRequest, pk: Any) -> HttpResponse:
        with said(request):
            changes.recreate(self.container(pk), actor=current.person(request), permission="change")
        return redirect("container", pk=pk)


class ContainerDataView(Managed):
    """Downloads of the data, and the form that restores it."""

    template_name = "containers/data.html"
    section, title = "data", gettext_lazy("Data")

    def get(self, request: HttpRequest, pk: Any) -> HttpResponse:
        return self.shown(self.container(pk), RestoreForm())

    def shown(self, container: Container, form: RestoreForm) -> HttpResponse:
        latest: list[Archive] = list(container.archives.all()[:SHOWN])
        return self.page(
            container,
            form=form,
            archives=latest,
            busy=any(row.finished_at is None for row in latest),
        )


class ContainerExportView(Managed):
    http_method_names = ["post"]  # noqa: RUF012  (Django declares it for the instance)

    def post(self, request: HttpRequest, pk: Any) -> HttpResponse:
        with said(request):
            asking.export(self.container(pk), actor=current.person(request))
        return redirect("container-data", pk=pk)


@method_decorator(csrf_exempt, name="dispatch")  # only until the upload is known to be welcome, see `post`
class ContainerRestoreView(ContainerDataView):
    http_method_names = ["post"]  # noqa: RUF012  (Django declares it for the instance)

    def post(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """Whether the token is right stands in the body: first make sure that all of that is to be received."""
        container = self.container(pk)
        length = request.META.get("CONTENT_LENGTH") or ""
        try:
            asking.check_upload(container, int(length) if length.isdigit() else None, actor=current.person(request))
        except Refused as exc:
            if exc.code == "archive_too_large":
                return self.shown(container, RestoreForm.refused(exc))
            messages.error(request, str(exc))
            return redirect("container-data", pk=pk)
        checked: HttpResponse = csrf_protect(self._received)(request, container)
        return checked

    def _received(self, request: HttpRequest, container: Container) -> HttpResponse:
        form = RestoreForm(request.POST, request.FILES)
        if not form.is_valid():
            return self.shown(container, form)
        with said(request):
            asking.restore(container, form.cleaned_data["file"], actor=current.person(request))
        return redirect("container-data", pk=container.pk)
