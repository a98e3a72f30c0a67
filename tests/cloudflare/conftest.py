"""What the tests at the simulated Cloudflare begin with."""

from typing import Any

import pytest

from cloudflare.models import Zone
from containers import admission
from containers.engine.memory import MemoryEngine
from containers.models import Container, Template
from tenants.models import Tenant, User
from tests.conftest import converge
from tests.parts import Cloud


@pytest.fixture
def create(owner: User, tenant: Tenant, template: Template, memory: MemoryEngine, zone: Zone) -> Any:
    def made(name: str = "box", of: Tenant = tenant) -> Container:
        return admission.create(actor=owner, tenant=of, template=template, name=name)

    return made


@pytest.fixture
def box(create: Any) -> Container:
    made: Container = create()
    converge()
    return made


def fresh(container: Container) -> Container:
    return Container.objects.select_related("status").get(pk=container.pk)


def admits(cloud: Cloud, host: str, cookie: str | None) -> bool:
    """Past Access: the engine is in memory, so no connector answers behind it (530)."""
    return cloud.visit(host, "/", cookie).status_code == 530


@pytest.fixture
def overlap(settings) -> None:
    """A name that is given up answers for so long that a test ends it."""
    settings.RENAME_OVERLAP_SECONDS = 3600
