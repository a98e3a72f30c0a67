"""Pages about one download or restore."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect

from containers.archives import asking
from containers.settings_pages import ContainerDataView
from tenants import current
from tenants.pages.forms import said
from tenants.words import gettext as _


class ArchiveCancelView(ContainerDataView):
    http_method_names = ["post"]  # noqa: RUF012  (Django declares it for the instance)

    def post(self, request: HttpRequest, pk: Any, archive: Any) -> HttpResponse:
        found = get_object_or_404(self.container(pk).archives.select_related("container__tenant"), pk=archive)
        with said(request):
            asking.cancel(found, actor=current.person(request))
            messages.success(request, _("It is being cancelled."))
        return redirect("container-data", pk=pk)
