"""Staff with some permissions, and what they send to the admin."""

from typing import Any

from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from tenants.models import Plan, User
from tests.pages.conftest import signed_in


def support(*permissions: str) -> Client:
    """Staff who have these alone."""
    user = User.objects.create_user("support@example.com", "secret", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return signed_in(user)


def act(client: Client, name: str, action: str, *rows: Any, **more: str) -> Any:
    """Ask for an action on these rows of a list; its page, or the list that follows."""
    form = {"action": action, "_selected_action": [str(row.pk) for row in rows], **more}
    return client.post(reverse(f"admin:{name}_changelist"), form, follow=True)


def plan_form(plan: Plan, **changes: Any) -> dict[str, Any]:
    names = ("code", "name", "max_containers", "memory", "cpu", "storage", "bandwidth")
    return {name: value for name in names if (value := getattr(plan, name)) is not None} | changes
