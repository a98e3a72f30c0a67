"""The page *Activity*: an owner looks up what happened in the tenant. Works without JavaScript."""

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _

from tenants import audit, current
from tenants.activity import export
from tenants.activity.record import Record
from tenants.activity.search import ActivityForm, owned, readable, reads_all
from tenants.events import Action
from tenants.models import AuditEvent, Role, Tenant, User

FINE = {"actor", "target", "target_id", "request_id", "since", "until"}  # fields that a search seldom needs


class ActivityView(Record):
    http_method_names = ["get", "head", "options"]  # noqa: RUF012  (Django declares it for the instance)

    def get(self, request: HttpRequest) -> HttpResponse:
        user, form = current.person(request), ActivityForm(request.GET)
        rows, tenant = _readable(request, form.cleaned_data["tenant"] if form.is_valid() else "")
        _offer_tenants(form, user, tenant)
        seen = self.page(form, rows) | _framed(user, tenant)
        seen["searched"] = searched = set(form.asked()) - {"tenant"}
        seen["finely"] = bool((searched | set(form.errors)) & FINE)  # the finer fields stay open where one is filled in
        return render(
            request, "tenants/activity.html", {**seen, "fine": [form[name] for name in form.fields if name in FINE]}
        )


class ActivityExportView(Record):
    route = "activity"
    http_method_names = ["get", "options"]  # noqa: RUF012  (Django declares it for the instance)

    def get(self, request: HttpRequest) -> HttpResponseBase:
        user, form = current.person(request), ActivityForm(request.GET)
        if not form.is_valid():
            return self.back()
        with audit.refusals(Action.AUDIT_EXPORT, actor=user):
            rows, tenant = _readable(request, form.cleaned_data["tenant"])
        return export.answer(request, form.narrow(rows), actor=user, tenant=tenant, asked=form.asked())


def _framed(user: User, tenant: Tenant | None) -> dict[str, Any]:
    """For `tenants/frame.html`: its tabs are for members alone, and staff may read without being one."""
    own = current.membership(user, tenant.slug) if tenant else None
    return {"tenant": tenant, "own": own, "is_owner": own is not None and own.role == Role.OWNER, "tab": "activity"}


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
