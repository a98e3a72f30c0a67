"""What beat rings, and how often: the same in every installation."""

from typing import Any


def tasks(*, sweep: float, storage: float, visits: float) -> dict[str, dict[str, Any]]:
    """Celery's beat schedule; seconds. A ring that nobody heard in time is dropped: the next one does as well."""
    return {
        name: {"task": task, "schedule": seconds, "options": {"expires": max(1.0, seconds)}}
        for name, task, seconds in (
            ("sweep", "containers.sweep_due", sweep),
            ("engine", "containers.survey_engine", 30),
            ("storage", "containers.measure_storage", storage),
            ("tunnels", "cloudflare.survey_tunnels", 60),
            ("drift", "cloudflare.survey_drift", 300),
            ("visits", "cloudflare.import_visits", visits),
            ("old visits", "access.prune_visits", 3600),
            ("seats", "cloudflare.survey_seats", 600),
            ("grants", "access.sweep_grants", 2),
            ("guests", "access.warn_guests", 60),
            ("access-keys", "cloudflare.refresh_keys", 600),
            ("staff-provider", "cloudflare.confirm_staff_provider", 600),
            ("mail", "tenants.sweep_mail", 30),
            ("plans", "tenants.sweep_plans", 600),
            ("archives", "containers.sweep_archives", 3600),
            ("audit", "tenants.prune_audit", 3600),
            ("keys", "tenants.prune", 3600),
            ("history", "monitoring.roll_up", 60),
            ("samples", "monitoring.prune", 3600),
            ("incidents", "monitoring.prune_incidents", 3600),
        )
    }
