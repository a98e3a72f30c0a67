"""The audit log for staff, in the words of the pages: to be searched, never changed."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.translation import gettext_lazy as _

from tenants.activity import vocabulary
from tenants.events import Outcome
from tenants.models import AuditEvent
from tenants.staff import ModelAdmin, ReadOnly


class _What(admin.SimpleListFilter):
    """From the list of actions: to ask the table which ones it holds would read all of it."""

    title, parameter_name = _("what"), "action"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(action, said) for _group, actions in vocabulary.choices() for action, said in actions]

    def queryset(self, request: HttpRequest, queryset: QuerySet[AuditEvent]) -> QuerySet[AuditEvent]:
        return queryset.filter(action=self.value()) if self.value() else queryset


class _Outcome(_What):
    title, parameter_name = _("outcome"), "outcome"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(outcome.value, outcome.label) for outcome in Outcome]

    def queryset(self, request: HttpRequest, queryset: QuerySet[AuditEvent]) -> QuerySet[AuditEvent]:
        return queryset.filter(outcome=self.value()) if self.value() else queryset


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnly, ModelAdmin[AuditEvent]):
    list_display = ("when", "who", "what", "on_what", "ended", "code", "of", "ip_address")
    list_display_links = ("when",)
    list_filter = (_Outcome, _What)
    search_fields = ("actor", "target", "tenant", "reason", "=target_id", "=request_id", "=ip")
    search_help_text = _("Part of who, what it was done to, the tenant or a reason; or a whole ID or address.")
    date_hierarchy = "at"
    show_full_result_count = False
    fieldsets = (
        (None, {"fields": ("when", "who", "what", "on_what", "more", "ended", "code", "of", "ip_address")}),
        (
            _("As it is kept, for programs"),
            {"fields": ("action", "target_type", "target_id", "actor_id", "tenant_id", "request_id", "detail")},
        ),
    )

    @admin.display(description=_("When"), ordering="at")
    def when(self, event: AuditEvent) -> str:
        local = timezone.localtime(event.at)
        return f"{local:%Y-%m-%d %H:%M:%S} {local.tzname()}"

    @admin.display(description=_("Who"), ordering="actor")
    def who(self, event: AuditEvent) -> str:
        return event.actor or "Warren"

    @admin.display(description=_("What"), ordering="action")
    def what(self, event: AuditEvent) -> str:
        return vocabulary.words(event.action)

    @admin.display(description=_("On what"), ordering="target", empty_value="-")
    def on_what(self, event: AuditEvent) -> str | None:
        return event.target or None

    @admin.display(description=_("Details"), empty_value="-")
    def more(self, event: AuditEvent) -> str:
        facts = ((one.label, one.text) for one in vocabulary.told(event))
        return format_html_join("", "<div>{}: {}</div>", facts)

    @admin.display(description=_("Outcome"), ordering="outcome")
    def ended(self, event: AuditEvent) -> str:
        return Outcome(event.outcome).label

    @admin.display(description=_("Code"), ordering="reason", empty_value="-")
    def code(self, event: AuditEvent) -> str | None:
        return event.reason or None

    @admin.display(description=_("Tenant"), ordering="tenant", empty_value="-")
    def of(self, event: AuditEvent) -> str | None:
        return event.tenant or None

    @admin.display(description=_("IP address"), ordering="ip", empty_value="-")
    def ip_address(self, event: AuditEvent) -> str | None:
        return event.ip
