"""The audit log for staff: to be searched, never changed."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from tenants.events import Action, Outcome
from tenants.models import AuditEvent
from tenants.staff import ModelAdmin, ReadOnly


class _Verb(admin.SimpleListFilter):
    """From the list of verbs: to ask the table which ones it holds would read all of it."""

    title, parameter_name = "action", "action"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(action.value, action.value) for action in sorted(Action)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[AuditEvent]) -> QuerySet[AuditEvent]:
        return queryset.filter(action=self.value()) if self.value() else queryset


class _Outcome(_Verb):
    title, parameter_name = "outcome", "outcome"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(outcome.value, outcome.value) for outcome in Outcome]

    def queryset(self, request: HttpRequest, queryset: QuerySet[AuditEvent]) -> QuerySet[AuditEvent]:
        return queryset.filter(outcome=self.value()) if self.value() else queryset


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnly, ModelAdmin[AuditEvent]):
    list_display = ("at", "actor", "action", "target", "outcome", "reason", "tenant", "ip")
    list_filter = (_Outcome, _Verb)
    search_fields = ("actor", "target", "tenant", "reason", "=target_id", "=request_id", "=ip")
    search_help_text = "Part of who, what it was done to, the tenant or a reason; or a whole ID or address."
    date_hierarchy = "at"
    show_full_result_count = False
