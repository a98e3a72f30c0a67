"""Tenants for staff: what is decided here is decided by `tenants.standing`, and so followed everywhere."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.html import format_html_join

from tenants import consumption, current, staff, standing
from tenants.models import Membership, Plan, Tenant
from tenants.staff import Operated, Recorded


class _Members(admin.TabularInline[Membership, Tenant]):
    model = Membership
    extra = 0
    autocomplete_fields = ("user",)


class _Why(forms.Form):
    """What is shown to the tenant's people, so it must be said."""

    reason = forms.CharField(max_length=200, help_text="Its people read this sentence.")


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
    inlines = (_Members,)
    actions = ("suspend", "resume", "close")

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
        """The plan is more than a field: running containers are brought within it."""
        if not change or "plan" not in form.changed_data:
            super().save_model(request, obj, form, change)
            return
        wanted, obj.plan = obj.plan, Plan.objects.get(pk=form.initial["plan"])
        super().save_model(request, obj, form, change)
        obj.plan = standing.change_plan(obj, wanted, actor=current.person(request)).plan
        for line in consumption.over(wanted, [obj]):
            self.message_user(request, f"Over {wanted} now: {line}.", messages.WARNING)

    @admin.action(description="Suspend: stop everything, let nobody in", permissions=["operate"])
    def suspend(self, request: HttpRequest, chosen: QuerySet[Tenant]) -> HttpResponse | None:
        form = _Why(request.POST if "reason" in request.POST else None)
        if not form.is_valid():
            context = {**self.admin_site.each_context(request), "form": form, "chosen": chosen, "action": "suspend"}
            return render(request, "admin/tenants/suspend.html", context)
        for tenant in chosen:
            standing.suspend(tenant, actor=current.person(request), reason=form.cleaned_data["reason"])
        self.message_user(request, f"Suspended: {', '.join(map(str, chosen))}.")
        return None

    @admin.action(description="Resume: what ran before runs again", permissions=["operate"])
    def resume(self, request: HttpRequest, chosen: QuerySet[Tenant]) -> None:
        for tenant in chosen:
            standing.resume(tenant, actor=current.person(request))
        self.message_user(request, f"Resumed: {', '.join(map(str, chosen))}.")

    @admin.action(description="Delete with all containers, here and outside", permissions=["operate"])
    def close(self, request: HttpRequest, chosen: QuerySet[Tenant]) -> HttpResponse | None:
        if "sure" not in request.POST:
            context = {**self.admin_site.each_context(request), "chosen": chosen, "action": "close"}
            return render(request, "admin/tenants/close.html", context)
        for tenant in chosen:
            standing.close(tenant, actor=current.person(request))
        self.message_user(request, f"Being deleted: {', '.join(map(str, chosen))}.")
        return None


def _count(name: str) -> Any:
    @admin.display(description=name, ordering=f"count_{name}")
    def column(tenant: Tenant) -> int:
        return int(getattr(tenant, f"count_{name}") or 0)

    return column
