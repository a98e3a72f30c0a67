"""What the admin of every app is made of: records that nobody edits, saves that are put on record, links."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from django.contrib import admin
from django.contrib.auth import get_permission_codename
from django.db import models, transaction
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from tenants import audit, current
from tenants.events import Action
from tenants.models import Tenant

if TYPE_CHECKING:  # of unfold's, which is Django's with another face and has no types
    from django.contrib.admin import ModelAdmin, StackedInline, TabularInline
    from django.forms.models import BaseInlineFormSet as InlineFormSet
else:
    from unfold.admin import ModelAdmin, StackedInline, TabularInline
    from unfold.forms import PaginationInlineFormSet as InlineFormSet

__all__ = ["InlineFormSet", "ModelAdmin", "Operated", "ReadOnly", "Recorded", "StackedInline", "TabularInline"]

Row = TypeVar("Row", bound=models.Model)

# How often something of an upper app belongs to a tenant: filled by those apps, shown in the list of tenants.
tenant_counts: dict[str, Callable[[], Any]] = {}
# (label, list in the admin, its parameter for a tenant's key) of what reaches its tenant through something else.
tenant_lists: list[tuple[str, str, str]] = []


@dataclass(frozen=True, slots=True)
class Part:
    """Of a tenant's page, for staff who hold `permission`: `facts` of the tenant, for a template of the admin.

    It costs the same number of queries whatever the tenant has. Smaller `place`s stand above.
    """

    place: int
    template: str
    facts: Callable[[Tenant], dict[str, Any]]
    permission: str


tenant_parts: list[Part] = []


def parts_of(tenant: Tenant, user: Any) -> list[dict[str, Any]]:
    """What stands on the tenant's page for this person, in order."""
    mine = (part for part in tenant_parts if user.has_perm(part.permission))
    ordered = sorted(mine, key=lambda part: part.place)
    return [{"template": part.template, **part.facts(tenant)} for part in ordered]


class ReadOnly:
    """For rows that domain functions and reconcilers write, and nobody else."""

    compressed_fields = False  # unfold's: labels above the values, so that several fit beside each other

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class Operated(ModelAdmin[Row]):
    """With actions on rows that may be read-only: `permissions=["operate"]` takes Django's change permission.

    `permissions=["end"]` is for what there is no way back from, and takes Django's permission to delete.
    """

    def has_operate_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(f"{self.opts.app_label}.{get_permission_codename('change', self.opts)}")

    def has_end_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(f"{self.opts.app_label}.{get_permission_codename('delete', self.opts)}")


class Recorded(ModelAdmin[Row]):
    """Puts every save and deletion on record: who, which row, and the names of the fields, never their values."""

    def save_model(self, request: HttpRequest, obj: Row, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if not change or form.changed_data:
            _record(request, Action.ADMIN_CHANGE if change else Action.ADMIN_ADD, obj, form.changed_data)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        for going in formset.deleted_forms:
            if going.instance.pk:
                _record(request, Action.ADMIN_DELETE, going.instance)
        super().save_formset(request, form, formset, change)
        for row in formset.new_objects:
            _record(request, Action.ADMIN_ADD, row)
        for row, fields in formset.changed_objects:
            _record(request, Action.ADMIN_CHANGE, row, fields)

    def delete_model(self, request: HttpRequest, obj: Row) -> None:
        _record(request, Action.ADMIN_DELETE, obj)
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: models.QuerySet[Row]) -> None:
        with transaction.atomic():
            for row in queryset:
                _record(request, Action.ADMIN_DELETE, row)
            super().delete_queryset(request, queryset)

    def record_change(self, request: HttpRequest, obj: Row, *fields: str) -> None:
        """For what a page of its own saves, past `save_model`."""
        _record(request, Action.ADMIN_CHANGE, obj, fields)


def _record(request: HttpRequest, action: Action, row: models.Model, fields: Iterable[str] = ()) -> None:
    tenant = row if isinstance(row, Tenant) else getattr(row, "tenant", None)
    detail: dict[str, Any] = {"fields": sorted(fields)} if fields else {}
    audit.record(action, actor=current.person(request), target=row, tenant=tenant, **detail)


def link(row: models.Model | None) -> str:
    """To the page of a row; its admin must be registered."""
    if row is None:
        return "-"
    name = f"admin:{row._meta.app_label}_{row._meta.model_name}_change"
    return format_html('<a href="{}">{}</a>', reverse(name, args=[row.pk]), row)


def list_link(label: Any, name: str, **lookups: Any) -> SafeString:
    """To a list in the admin, narrowed by these lookups."""
    return format_html('<a href="{}">{}</a>', reverse(name, query={key: str(at) for key, at in lookups.items()}), label)


def related(site: admin.AdminSite, row: models.Model) -> str:
    """Links to the lists of what points at this row, each with its count, and to what is on record about it."""
    found = []
    for relation in row._meta.related_objects:
        theirs, back = relation.related_model, relation.field
        if relation.many_to_many or relation.hidden or not site.is_registered(theirs):
            continue
        count = theirs._base_manager.filter(**{back.name: row}).count()  # noqa: SLF001  (a public name of Django)
        found.append(
            list_link(
                f"{theirs._meta.verbose_name_plural} ({count})",
                f"admin:{theirs._meta.app_label}_{theirs._meta.model_name}_changelist",
                **{f"{back.name}__{back.target_field.name}__exact": row.pk},
            )
        )
    return format_html_join(", ", "{}", ((one,) for one in [*found, record_link(row)]))


def record_link(row: models.Model) -> SafeString:
    if isinstance(row, Tenant):
        return list_link("on record", "admin:tenants_auditevent_changelist", tenant_id=row.pk)
    kind = {"target_type": row._meta.label_lower, "target_id": row.pk}
    return list_link("on record", "admin:tenants_auditevent_changelist", **kind)
