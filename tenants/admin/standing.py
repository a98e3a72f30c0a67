"""Tenants and plans for staff: what is decided here is decided by `tenants.standing`, and so followed everywhere."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from tenants import audit, consumption, current, standing
from tenants.events import Action
from tenants.models import Membership, Plan, Tenant


class _Members(admin.TabularInline[Membership, Tenant]):
    model = Membership
    extra = 0
    autocomplete_fields = ("user",)


class _Why(forms.Form):
    """What is shown to the tenant's people, so it must be said."""

    reason = forms.CharField(max_length=200, help_text="Its people read this sentence.")


@admin.register(Tenant)
class TenantAdmin(admin.ModelAdmin[Tenant]):
    list_display = ("name", "slug", "plan", "suspended_at", "deleted_at", "created_at")
    list_filter = ("plan", ("suspended_at", admin.EmptyFieldListFilter), ("deleted_at", admin.EmptyFieldListFilter))
    list_select_related = ("plan",)
    search_fields = ("name", "slug", "members__email")
    inlines = (_Members,)
    actions = ("suspend", "resume", "close")

    def get_readonly_fields(self, request: HttpRequest, obj: Tenant | None = None) -> tuple[str, ...]:
        """The slug is in every hostname."""
        shown = ("created_at", "suspended_at", "suspended_reason", "deleted_at")
        return ("slug", *shown) if obj else shown

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

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

    @admin.action(description="Suspend: stop everything, let nobody in", permissions=["change"])
    def suspend(self, request: HttpRequest, chosen: QuerySet[Tenant]) -> HttpResponse | None:
        form = _Why(request.POST if "reason" in request.POST else None)
        if not form.is_valid():
            context = {**self.admin_site.each_context(request), "form": form, "chosen": chosen, "action": "suspend"}
            return render(request, "admin/tenants/suspend.html", context)
        for tenant in chosen:
            standing.suspend(tenant, actor=current.person(request), reason=form.cleaned_data["reason"])
        self.message_user(request, f"Suspended: {', '.join(map(str, chosen))}.")
        return None

    @admin.action(description="Resume: what ran before runs again", permissions=["change"])
    def resume(self, request: HttpRequest, chosen: QuerySet[Tenant]) -> None:
        for tenant in chosen:
            standing.resume(tenant, actor=current.person(request))
        self.message_user(request, f"Resumed: {', '.join(map(str, chosen))}.")

    @admin.action(description="Delete with all containers, here and outside", permissions=["change"])
    def close(self, request: HttpRequest, chosen: QuerySet[Tenant]) -> HttpResponse | None:
        if "sure" not in request.POST:
            context = {**self.admin_site.each_context(request), "chosen": chosen, "action": "close"}
            return render(request, "admin/tenants/close.html", context)
        for tenant in chosen:
            standing.close(tenant, actor=current.person(request))
        self.message_user(request, f"Being deleted: {', '.join(map(str, chosen))}.")
        return None


_FIELDS = ("code", "name", "max_containers", "memory", "cpu", "storage", "bandwidth", "internet")


class _PlanForm(forms.ModelForm[Plan]):
    """Numbers that would put a tenant over its plan are taken only after a look at whose they are."""

    anyway = forms.BooleanField(
        required=False,
        label="Save all the same",
        help_text="Containers that are too large are made smaller at once; none is deleted.",
    )

    class Meta:
        model = Plan
        fields = _FIELDS

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        lowered = {"max_containers", "memory", "cpu"} & set(self.changed_data)
        if self.instance.pk and lowered and not self.errors and not cleaned.get("anyway"):
            wanted = Plan(pk=self.instance.pk, **{name: cleaned[name] for name in _FIELDS})
            for line in consumption.would_be_over(wanted):
                self.add_error(None, f"Would be over: {line}.")
        return cleaned


@admin.register(Plan)
class PlanAdmin(admin.ModelAdmin[Plan]):
    form = _PlanForm
    list_display = ("name", "code", "max_containers", "memory", "cpu", "storage", "bandwidth", "internet")
    search_fields = ("name", "code")
    readonly_fields = ("over_now",)

    @admin.display(description="Over it now")
    def over_now(self, plan: Plan) -> str:
        return "; ".join(consumption.would_be_over(plan)) if plan.pk else "-"

    def has_delete_permission(self, request: HttpRequest, obj: Plan | None = None) -> bool:
        """Not while a tenant is on it, nor many at once."""
        unused = obj is None or not obj.tenants.exists()
        return unused and super().has_delete_permission(request, obj)

    def save_model(self, request: HttpRequest, obj: Plan, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if fields := [name for name in form.changed_data if name != "anyway"]:
            actor = current.person(request)
            audit.record(Action.PLAN_EDIT, actor=actor, target=obj, fields=fields)
            if change:
                standing.plan_edited(obj, actor=actor)
