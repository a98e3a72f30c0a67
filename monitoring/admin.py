"""What the agent last measured, for staff to look at."""

from django.contrib import admin

from monitoring.models import Sample
from tenants.staff import ReadOnly


@admin.register(Sample)
class SampleAdmin(ReadOnly, admin.ModelAdmin[Sample]):
    list_display = ("container", "sampled_at", "cpu_percent", "memory_used", "memory_limit", "pids")
    list_select_related = ("container",)
    search_fields = ("container__hostname", "container__tenant__slug")
