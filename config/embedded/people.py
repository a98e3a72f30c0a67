"""The two accounts of a fresh embedded installation."""

import json
import os
import secrets
from pathlib import Path

from django.db import transaction

from tenants.models import Membership, Plan, Role, Tenant, User


def ensure(path: Path) -> dict[str, dict[str, str]] | None:
    """Make them at the first start; returns their credentials, or None where people are known already."""
    if User.objects.exists():
        return None
    made = {who: {"email": f"{who}@example.com", "password": secrets.token_urlsafe(12)} for who in ("admin", "demo")}
    # The file first: credentials of nobody do no harm, people whose credentials nobody knows would.
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(made, file, indent=2)
    with transaction.atomic():
        User.objects.create_superuser(**made["admin"])
        demo = User.objects.create_user(**made["demo"])
        tenant = Tenant.objects.create(slug="demo", name="Demo", plan=Plan.objects.get(code="pro"))
        Membership.objects.create(tenant=tenant, user=demo, role=Role.OWNER)
    return made
