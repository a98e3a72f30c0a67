"""Every action of every list in the admin, offered to whom the table says; a new one has to be in it."""

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.db.models import Q
from django.test import RequestFactory

from tenants.models import User
from tests.permissions.table import ACTIONS

pytestmark = pytest.mark.django_db


def _staff(name: str, permissions: Q | None = None, *, root: bool = False) -> User:
    user = User.objects.create_user(f"{name}@example.com", "secret", is_staff=True, is_superuser=root)
    user.user_permissions.set(Permission.objects.filter(permissions) if permissions else ())
    return user


def test_actions_are_offered_as_the_table_says() -> None:
    view, change = Q(codename__startswith="view_"), Q(codename__startswith="change_")
    people = [_staff("none"), _staff("viewer", view), _staff("changer", view | change), _staff("root", root=True)]
    found: dict[str, dict[str, str]] = {}
    for model, its_admin in admin.site._registry.items():
        offered = []
        for person in people:
            request = RequestFactory().get("/")
            request.user = person
            offered.append(set(its_admin.get_actions(request)))
        for action in set().union(*offered):
            words = " ".join("yes" if action in names else "no" for names in offered)
            found.setdefault(f"{model._meta.app_label}_{model._meta.model_name}", {})[action] = words
    assert found == ACTIONS
