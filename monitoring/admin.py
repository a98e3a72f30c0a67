"""What the agent measured last, what it saw happen, and who had a terminal, for staff to look at."""

import datetime
from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.urls import reverse
from django.utils import timezone

from containers import lifecycle
from containers.lifecycle import Health, Lifecycle
from containers.models import Container
from monitoring.models import Incident, Sample, Terminal
from tenants import staff
from tenants.models import Tenant
from tenants.staff import ModelAdmin, Part, ReadOnly


@admin.register(Sample)
class SampleAdmin(ReadOnly, ModelAdmin[Sample]):
    list_display = ("container", "sampled_at", "cpu_percent", "memory_used", "memory_limit", "pids")
    list_select_related = ("container",)
    search_fields = ("container__hostname", "container__tenant__slug")


@admin.register(Incident)
class IncidentAdmin(ReadOnly, ModelAdmin[Incident]):
    list_display = ("at", "container", "kind", "exit_code")
    list_select_related = ("container",)
    list_filter = ("kind", "at")
    search_fields = ("container__hostname", "container__tenant__slug")
    show_full_result_count = False


@admin.register(Terminal)
class TerminalAdmin(ReadOnly, ModelAdmin[Terminal]):
    list_display = ("opened_at", "who", "container", "ip", "ended_at", "ended_how")
    list_select_related = ("container",)
    list_filter = (("ended_at", admin.EmptyFieldListFilter), "ended_how", "opened_at")
    search_fields = ("who", "container__hostname", "container__tenant__slug")


_SHOWN = 100  # containers on a tenant's page
_FRESH = datetime.timedelta(seconds=60)  # after which a number says nothing about now


@dataclass(frozen=True, slots=True)
class _Live:
    container: Container
    phase: Lifecycle
    health: Health
    sample: Sample | None  # what was measured of late


def _containers(tenant: Tenant) -> dict[str, Any]:
    """Its living containers as they are, with what they use at the moment."""
    rows = Container.objects.living().filter(tenant=tenant)
    shown = rows.select_related("status", "template", "sample").prefetch_related("conditions").order_by("name")
    since = timezone.now() - _FRESH
    found = []
    for container in shown[:_SHOWN]:
        container.tenant = tenant
        sample = getattr(container, "sample", None)
        now = sample if sample and sample.sampled_at > since else None
        phase, health = lifecycle.of(container)
        found.append(_Live(container, phase, health, now))
    samples = [live.sample for live in found if live.sample]
    return {
        "rows": found,
        "count": rows.count(),
        "cpu": sum(sample.cpu_percent or 0 for sample in samples),
        "memory": sum(sample.memory_used for sample in samples),
        "measured": len(samples),
        "url": reverse("admin:containers_container_changelist", query={"tenant__id__exact": tenant.pk}),
    }


staff.tenant_parts.append(Part(20, "admin/tenants/tenant/containers.html", _containers, "containers.view_container"))
