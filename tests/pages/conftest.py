"""Debian's Chromium, driven by Playwright; a container of alice's, Gina, and staff."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Browser, expect, sync_playwright

from containers import admission
from containers.engine.memory import MemoryEngine
from containers.models import Container, Template
from tenants.models import Tenant, User
from tests.conftest import converge

expect.set_options(timeout=15_000)  # milliseconds: a machine that is busy with other tests draws slowly
CHROMIUM = Path(__file__).with_name("steady_chromium.py")
FLAGS = ["--no-sandbox", "--disable-quic", "--disable-background-networking", "--no-first-run"]


@pytest.fixture
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield launched
        launched.close()


def signed_in(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


@pytest.fixture
def asked(owner: User, tenant: Tenant, template: Template, memory: MemoryEngine, zone: Any) -> Container:
    """Asked for; nothing has been done yet."""
    return admission.create(actor=owner, tenant=tenant, template=template, name="box")


@pytest.fixture
def box(asked: Container) -> Container:
    """Made and published, as far as that is possible without a connector."""
    converge()
    return asked


@pytest.fixture
def staff(db: None) -> Client:
    return signed_in(User.objects.create_superuser("staff@example.com", "secret"))


@pytest.fixture
def gina(db: None) -> User:
    return User.objects.create_user("gina@example.com", "secret", name="Gina")
