"""The survey of the engine: what changed behind our back is looked at, whatever else is in the way."""

from typing import Any

import pytest

from containers import admission, survey
from containers.engine.memory import MemoryEngine
from containers.errors import Terminal
from containers.models import Container, Network, NetworkKind, Template
from tenants.models import Tenant, User
from tests.conftest import converge

pytestmark = pytest.mark.django_db


@pytest.fixture
def box(owner: User, tenant: Tenant, template: Template, memory: MemoryEngine, zone: Any) -> Container:
    made = admission.create(actor=owner, tenant=tenant, template=template, name="box")
    converge()
    return made


def test_a_firewall_that_cannot_be_verified_hides_no_difference(
    box: Container, memory: MemoryEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    Network.objects.create(tenant=box.tenant, kind=NetworkKind.INTERNET, subnet="10.190.249.0/24", engine_id="made")
    memory.remove(box.engine_name)
    monkeypatch.setenv("PATH", "/nowhere")  # no iptables
    with pytest.raises(Terminal, match="iptables"):
        survey.engine_differences()
    converge()
    there = memory.inspect(box.engine_name)
    assert there
    assert there.running
