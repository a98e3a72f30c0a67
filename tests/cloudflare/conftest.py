"""What both kinds of tests begin with."""

from typing import Any

import pytest

from cloudflare.models import Zone
from containers import admission
from containers.engine.memory import MemoryEngine
from containers.models import Container, Template
from tenants.models import Tenant, User


@pytest.fixture
def create(owner: User, tenant: Tenant, template: Template, memory: MemoryEngine, zone: Zone) -> Any:
    def made(name: str = "box", of: Tenant = tenant) -> Container:
        return admission.create(actor=owner, tenant=of, template=template, name=name)

    return made
