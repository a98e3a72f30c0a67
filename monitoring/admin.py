"""What the agent measured last, what it saw happen, and who had a terminal, for staff to look at."""

from django.contrib import admin

from monitoring.models import Incident, Sample, Terminal
from tenants.staff import ReadOnly


@admin.register(Sample)
class SampleAdmin(ReadOnly, admin.ModelAdmin[Sample]):
    list_display = ("container", "sampled_at", "cpu_percent", "memory_used", "memory_limit", "pids")
    list_select_related = ("container",)
    search_fields = ("container__hostname", "container__tenant__slug")


@admin.register(Incident)
class IncidentAdmin(ReadOnly, admin.ModelAdmin[Incident]):
    list_display = ("at", "container", "kind", "exit_code")
    list_select_related = ("container",)
    list_filter = ("kind", "at")
    search_fields = ("container__hostname", "container__tenant__slug")
    show_full_result_count = False


@admin.register(Terminal)
class TerminalAdmin(ReadOnly, admin.ModelAdmin[Terminal]):
    list_display = ("opened_at", "who", "container", "ip", "ended_at", "ended_how")
    list_select_related = ("container",)
    list_filter = (("ended_at", admin.EmptyFieldListFilter), "ended_how", "opened_at")
    search_fields = ("who", "container__hostname", "container__tenant__slug")
