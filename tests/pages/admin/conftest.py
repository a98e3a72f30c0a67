"""The admin of an installation with a row of everything."""

from typing import Any

import pytest
from django.contrib import admin

from access.models import Visit
from cloudflare.models import (
    VisitCursor,
    Zone,
)
from containers.models import Container
from tenants.models import AuditEvent


@pytest.fixture
def box(box: Container, zone: Zone) -> Container:
    """With a row of everything that hangs on one."""
    Visit.objects.create(container=box, email="gina@example.com", at=box.created_at, allowed=True)
    VisitCursor.objects.create(account=zone.account, next_check_at=None)
    return box


def ours() -> list[Any]:
    apps = {"tenants", "containers", "access", "cloudflare", "monitoring"}
    return [model for model in admin.site._registry if model._meta.app_label in apps]


def on_record() -> list[tuple[str, str, dict[str, Any], str]]:
    rows = AuditEvent.objects.filter(action__startswith="admin:", actor="staff@example.com").order_by("pk")
    return list(rows.values_list("action", "target_type", "detail", "tenant"))
