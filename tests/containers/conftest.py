"""What many tests of containers begin with."""

from typing import Any

import pytest

from containers import admission
from containers.engine.memory import MemoryEngine
from containers.models import Container, Template
from tenants.models import Tenant, User
from tests.conftest import converge


@pytest.fixture
def box(owner: User, tenant: Tenant, template: Template, memory: MemoryEngine, zone: Any) -> Container:
    made = admission.create(actor=owner, tenant=tenant, template=template, name="box")
    converge()
    return made
