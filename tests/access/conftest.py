"""A container of alice's at the simulated edge, and whom she shares it with; a row alone of one; somebody's browser."""

from typing import Any

import pytest
from django.test import Client

from access import sharing
from access.models import Grant
from containers import admission
from containers.models import Container, Template
from tenants.models import Tenant, User
from tests.access.visiting import made
from tests.conftest import converge


@pytest.fixture
def container(zone: Any, memory: Any, tenant: Tenant, owner: User, template: Template) -> Container:
    made = admission.create(actor=owner, tenant=tenant, template=template, name="demo")
    converge()
    return made


@pytest.fixture
def guest(db: Any) -> User:
    return User.objects.create_user("gina@example.com", "secret", name="Gina")


@pytest.fixture
def share(container: Container, owner: User) -> Any:
    """`share("gina@example.com", permission="operate")`: the grant."""

    def give(email: str = "gina@example.com", actor: User = owner, permission: str = "view", **more: Any) -> Grant:
        (grant,) = sharing.share(container, actor=actor, emails=[email], permission=permission, **more)
        return grant

    return give


@pytest.fixture
def box(owner: User, tenant: Tenant, template: Template) -> Container:
    """A row alone: nothing that asks for it asks what became of it."""
    return made(tenant, template, "box")


def page_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client
