"""The page *Activity*: an owner looks up what happened in the tenant. Works without JavaScript."""

from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.contrib.auth.mixins import LoginRequiredMixin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views import View
from rest_framework.exceptions import NotFound
from rest_framework.request import Request

from tenants import audit, current
from tenants.activity import export
from tenants.activity.search import ActivityForm, Log, owned, readable, reads_all
from tenants.events import Action
from tenants.models import AuditEvent, Role, Tenant, User
from tenants.refusal import Refused

FINE = {"actor", "target", "target_id", "request_id", "since", "until"}  # fields that a search seldom needs


class _Activity(LoginRequiredMixin, View):
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return super().dispatch(request, *args, **kwargs)
        except Refused as exc:
            if exc.status == 404:
                raise Http404 from exc
            raise PermissionDenied(str(exc)) from exc


class ActivityView(_Activity):
    http_method_names = ["get", "head", "options"]  # noqa: RUF012  (Django declares it for the instance)

    def get(self, request: HttpRequest) -> HttpResponse:
        user, form, pages = current.person(request), ActivityForm(request.GET), Log()
        valid = form.is_valid()
        rows, tenant = _readable(request, form.cleaned_data["tenant"] if valid else "")
        _offer_tenants(form, user, tenant)
        try:
            found = pages.paginate_queryset(form.narrow(rows), Request(request)) if valid else []
        except NotFound as exc:
            raise Http404 from exc
        seen = {"form": form, "rows": found, "asked": request.GET.urlencode(), **_framed(user, tenant)}
        if valid:
            seen |= {"newer": here(pages.get_previous_link()), "older": here(pages.get_next_link())}
        seen["searched"] = searched = set(form.asked()) - {"tenant"}
        seen["finely"] = bool((searched | set(form.errors)) & FINE)  # the finer fields stay open where one is filled in
        return render(
            request, "tenants/activity.html", {**seen, "fine": [form[name] for name in form.fields if name in FINE]}
        )


class ActivityExportView(_Activity):
    http_method_names = ["get", "options"]  # noqa: RUF012  (Django declares it for the instance)

    def get(self, request: HttpRequest) -> HttpResponseBase:
        user, form = current.person(request), ActivityForm(request.GET)
        if not form.is_valid():  # the page says what is wrong with it
            return HttpResponseRedirect(f"{reverse('activity')}?{request.GET.urlencode()}")
        with audit.refusals(Action.AUDIT_EXPORT, actor=user):
            rows, tenant = _readable(request, form.cleaned_data["tenant"])
        return export.answer(request, form.narrow(rows), actor=user, tenant=tenant, asked=form.asked())


def _framed(user: User, tenant: Tenant | None) -> dict[str, Any]:
    """For `tenants/frame.html`: its tabs are for members alone, and staff may read without being one."""
    own = current.membership(user, tenant.slug) if tenant else None
    return {"tenant": tenant, "own": own, "is_owner": own is not None and own.role == Role.OWNER, "tab": "activity"}


def here(link: str | None) -> str:
    """The same page by its query alone, whatever a proxy in front calls this host."""
    return f"?{urlsplit(link).query}" if link else ""


def _readable(request: HttpRequest, slug: str) -> tuple[QuerySet[AuditEvent], Tenant | None]:
    """Of that tenant; without one, of the tenant that the person works for at the moment, for staff everything."""
    user = current.person(request)
    if not slug and not reads_all(user) and (present := current.present(request)):
        slug = present.slug
    return readable(user, slug)


def _offer_tenants(form: ActivityForm, user: User, shown: Tenant | None) -> None:
    """Staff name any tenant, owners of several choose one, and for others there is nothing to choose."""
    field = form.fields["tenant"]
    if reads_all(user):
        field.help_text = _("The word in its addresses; empty: all.")
        return
    mine = [(tenant.slug, str(tenant)) for tenant in owned(user)]
    if len(mine) > 1:
        field.widget = forms.Select(choices=mine)
        form.data = {**dict(form.data.items()), "tenant": shown.slug if shown else ""}
    else:
        del form.fields["tenant"]
