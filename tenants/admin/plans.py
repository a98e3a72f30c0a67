"""Plans for staff. Numbers that tenants are over are saved only after a look at whose they are."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest

from tenants import consumption, figures, staff, standing
from tenants.figures import size
from tenants.models import Plan
from tenants.staff import Recorded

_FIELDS = (
    "code",
    "name",
    "max_containers",
    "memory",
    "cpu",
    "storage",
    "bandwidth",
    "max_guests",
    "grant_days",
    "internet",
)
_FOLLOWED = {"max_containers", "memory", "cpu", "storage", "internet"}
_OVER = "_over_now"  # attribute of the plan on a page
_SHOWN = 20  # tenants by name; of more, the number


class _PlanForm(forms.ModelForm[Plan]):
    anyway = forms.BooleanField(
        required=False,
        label="Save all the same",
        help_text="What is too large is made smaller, what loses the internet is started anew; nothing is deleted.",
    )

    class Meta:
        model = Plan
        fields = _FIELDS

    @property
    def changed_data(self) -> list[str]:
        """What of the plan was changed."""
        return [name for name in super().changed_data if name != "anyway"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        followed = _FOLLOWED & set(self.changed_data)
        if self.instance.pk and followed and not self.errors and not cleaned.get("anyway"):
            wanted = Plan(pk=self.instance.pk, **{name: cleaned[name] for name in _FIELDS})
            for line in _shortened(consumption.would_be_over(wanted)):
                self.add_error(None, f"Would be over: {line}.")
        return cleaned


def _shortened(lines: list[str]) -> list[str]:
    more = len(lines) - _SHOWN
    return [*lines[:_SHOWN], f"and {more} more"] if more > 0 else lines


@admin.register(Plan)
class PlanAdmin(Recorded[Plan]):
    """A plan that tenants have can't be deleted: the database protects it."""

    form = _PlanForm
    list_display = ("name", "code", "tenants", "max_containers", "memory_", "cores", "storage_", "traffic", "internet")
    list_filter = ("internet",)
    search_fields = ("name", "code")
    readonly_fields = ("over_now",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Plan]:
        return super().get_queryset(request).annotate(count_tenants=Count("tenants"))

    def save_model(self, request: HttpRequest, obj: Plan, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if change and form.changed_data:
            standing.plan_saved(obj)

    @admin.display(description="over it now")
    def over_now(self, plan: Plan) -> str:
        """Looked up once: unfold asks for it several times while it draws one page."""
        found: str | None = vars(plan).get(_OVER)
        if found is None:
            found = "; ".join(_shortened(consumption.would_be_over(plan))) if plan.pk else "-"
            vars(plan)[_OVER] = found
        return found

    @admin.display(ordering="count_tenants")
    def tenants(self, plan: Plan) -> str:
        count = getattr(plan, "count_tenants", 0)
        return staff.list_link(count, "admin:tenants_tenant_changelist", plan__id__exact=plan.pk)

    @admin.display(description="memory", ordering="memory")
    def memory_(self, plan: Plan) -> str:
        return size(plan.memory)

    @admin.display(description="CPU", ordering="cpu")
    def cores(self, plan: Plan) -> str:
        return figures.cores(plan.cpu)

    @admin.display(description="storage", ordering="storage")
    def storage_(self, plan: Plan) -> str:
        return size(plan.storage)

    @admin.display(description="bandwidth", ordering="bandwidth")
    def traffic(self, plan: Plan) -> str:
        return "unlimited" if plan.bandwidth is None else size(plan.bandwidth)
