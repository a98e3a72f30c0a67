"""People over the API and the pages, and the mail that they get: as the worker would send it."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail as django_mail
from django.test import Client
from rest_framework.test import APIClient

from tenants.mail import outbox
from tenants.models import Membership, Role, Tenant, User

PASSWORD = "correct horse battery"


@pytest.fixture
def open_registration(settings: Any) -> None:
    settings.REGISTRATION_OPEN = True


@pytest.fixture
def bob(tenant: Tenant) -> User:
    """On alice's team."""
    made = User.objects.create_user("bob@example.com", "secret", name="Bob")
    Membership.objects.create(tenant=tenant, user=made, role=Role.MEMBER)
    return made


def api(person: User | None = None) -> APIClient:
    client = APIClient()
    if person:
        client.force_authenticate(person)
    return client


def pages(person: User | None = None) -> Client:
    client = Client()
    if person:
        client.force_login(person)
    return client


@pytest.fixture
def delivered(db: None) -> Callable[[], list[Any]]:
    """Sends what is due; returns all that was sent in this test."""

    def deliver() -> list[Any]:
        for key in outbox.due():
            outbox.send(key)
        return list(getattr(django_mail, "outbox", []))

    return deliver


def link(message: Any) -> str:
    """The path of the link in a mail, the same in both bodies."""
    (found,) = [line for line in message.body.splitlines() if line.startswith("http://testserver/")]
    assert f'href="{found}"' in message.alternatives[0][0]
    return str(found).removeprefix("http://testserver")


def token(message: Any) -> str:
    return link(message).rstrip("/").rpartition("/")[2]
