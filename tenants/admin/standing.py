"""Tenants for staff: what is decided here is decided by `tenants.standing`, and so followed everywhere."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.translation import gettext as _

from tenants import consumption, current, members, staff, standing, viewing
from tenants.admin.members import Members
from tenants.models import AuditEvent, Role, Tenant
from tenants.staff import Operated, Part, Recorded

_LAST = 10  # of the record, on the tenant's page


class _Why(forms.Form):
    """What is shown to the tenant's people, so it must be said."""

    reason = forms.CharField(max_length=200, help_text="Its people read this sentence.")


def _audit(tenant: Tenant) -> dict[str, Any]:
    rows = AuditEvent.objects.filter(tenant_id=str(tenant.pk))
    return {"rows": rows[:_LAST], "url": reverse("admin:tenants_auditevent_changelist", query={"tenant_id": tenant.pk})}


staff.tenant_parts.append(Part(90, "admin/tenants/tenant/audit.html", _audit, "tenants.view_auditevent"))


@admin.register(Tenant)
class TenantAdmin(Recorded[Tenant], Operated[Tenant]):
    list_display = ("name", "slug", "plan", "people", "suspended_at", "deleted_at", "created_at")
    list_filter = (
        "plan",
        ("suspended_at", admin.EmptyFieldListFilter),
        ("deleted_at", admin.EmptyFieldListFilter),
        "created_at",
    )
    list_select_related = ("plan",)
    search_fields = ("name", "slug", "members__email")
    autocomplete_fields = ("plan",)
    inlines = (Members,)
    actions = ("suspend", "resume", "close")

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """With how the tenant does, the list's actions, and the way to see its pages."""
        tenant = self.get_object(request, object_id)
        more: dict[str, Any] = {}
        if tenant is not None and request.method == "GET":
            more["parts"] = staff.parts_of(tenant, request.user)
            more["views"] = viewing.may(request.user) and not tenant.deleted_at
            more["offered"] = [] if tenant.deleted_at else self._offered(request, tenant)
        return super().change_view(request, object_id, form_url, {**more, **(extra_context or {})})

    def _offered(self, request: HttpRequest, tenant: Tenant) -> list[tuple[str, str]]:
        """The list's actions that fit how it stands, with their words on a button."""
        words = {"resume": _("Resume")} if tenant.suspended else {"suspend": _("Suspend…")}
        words |= {"close": _("Delete…")}
        return [(name, word) for name, word in words.items() if name in self.get_actions(request)]

    def get_readonly_fields(self, request: HttpRequest, obj: Tenant | None = None) -> tuple[str, ...]:
        """The slug is in every hostname."""
        shown = ("created_at", "suspended_at", "suspended_reason", "deleted_at", "more")
        return ("slug", *shown) if obj else ("created_at",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Tenant]:
        """Each count is a subquery: joined in, one would multiply the other."""
        counts = {f"count_{name}": count() for name, count in staff.tenant_counts.items()}
        return super().get_queryset(request).annotate(count_people=Count("memberships", distinct=True), **counts)

    def get_list_display(self, request: HttpRequest) -> tuple[Any, ...]:
        return (*self.list_display, *(_count(name) for name in staff.tenant_counts))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(ordering="count_people")
    def people(self, tenant: Tenant) -> int:
        return int(getattr(tenant, "count_people", 0))

    @admin.display(description="see also")
    def more(self, tenant: Tenant) -> str:
        further = [(staff.list_link(label, name, **{key: tenant.pk}),) for label, name, key in staff.tenant_lists]
        return format_html_join(", ", "{}", [(staff.related(self.admin_site, tenant),), *further])

    def save_model(self, request: HttpRequest, obj: Tenant, form: Any, change: bool) -> None:
        """What was changed alone is written: the form may be older than a suspension.

        The plan is more than a field: running containers are brought within it.
        """
        if not change:
            super().save_model(request, obj, form, change)
        elif changed := form.changed_data:
            Tenant.objects.locked(obj.pk)
            obj.save(update_fields=[name for name in changed if name != "plan"])
            self.record_change(request, obj, *changed)
            if "plan" in changed:
                self._change_plan(request, obj)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """Who is no owner any more has invited nobody, as where owners decide it."""
        super().save_formset(request, form, formset, change)
        demoted = [row for row, _fields in formset.changed_objects if row.role != Role.OWNER]
        for membership in (*formset.deleted_objects, *demoted):
            members.withdraw_sent(membership, current.person(request))

    def _change_plan(self, request: HttpRequest, tenant: Tenant) -> None:
        standing.change_plan(tenant, tenant.plan, actor=current.person(request))
        for line in consumption.over(tenant.plan, [tenant]):
            self.message_user(request, f"Over {tenant.plan} now: {line}.", messages.WARNING)

    @admin.action(description="Suspend: stop everything, let nobody in", permissions=["operate"])
    def suspend(self, request: HttpRequest, chosen: QuerySet[Tenant]) -> HttpResponse | None:
        form = _Why(request.POST if "reason" in request.POST else None)
        if not form.is_valid():
            context = {**self.admin_site.each_context(request), "form": form, "chosen": chosen, "action": "suspend"}
            return render(request, "admin/tenants/suspend.html", context)
        why = form.cleaned_data["reason"]
        self._each(request, chosen, partial(standing.suspend, reason=why), "Suspended")
        return None

    @admin.action(description="Resume: what ran before runs again", permissions=["operate"])
    def resume(self, request: HttpRequest, chosen: QuerySet[Tenant]) -> None:
        self._each(request, chosen, standing.resume, "Resumed")

    @admin.action(description="Delete with all containers, here and outside", permissions=["end"])
    def close(self, request: HttpRequest, chosen: QuerySet[Tenant]) -> HttpResponse | None:
        if "sure" not in request.POST:
            context = {**self.admin_site.each_context(request), "chosen": chosen, "action": "close"}
            return render(request, "admin/tenants/close.html", context)
        self._each(request, chosen, standing.close, "Being deleted")
        return None

    def _each(self, request: HttpRequest, chosen: Iterable[Tenant], decide: Callable[..., bool], said: str) -> None:
        """Decide it of each, and say of which there was something to decide."""
        done: dict[bool, list[str]] = {True: [], False: []}
        for tenant in chosen:
            done[decide(tenant, actor=current.person(request))].append(str(tenant))
        if done[True]:
            self.message_user(request, f"{said}: {', '.join(done[True])}.")
        if done[False]:
            words = f"Nothing to do, it is so already or they are deleted: {', '.join(done[False])}."
            self.message_user(request, words, messages.WARNING)


def _count(name: str) -> Any:
    @admin.display(description=name, ordering=f"count_{name}")
    def column(tenant: Tenant) -> int:
        return int(getattr(tenant, f"count_{name}") or 0)

    return column
