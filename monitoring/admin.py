"""What the agent measured last, and what it saw happen, for staff to look at."""

from django.contrib import admin

from monitoring.models import Incident, Sample
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
