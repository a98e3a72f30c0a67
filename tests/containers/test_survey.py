"""The survey of the engine: what changed behind our back is looked at, whatever else is in the way."""

from dataclasses import replace

import pytest

from containers import admission, specs, survey
from containers.engine.memory import MemoryEngine
from containers.errors import Terminal
from containers.models import Container, Network, NetworkKind
from tenants.models import User
from tests.conftest import converge

pytestmark = pytest.mark.django_db


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


def test_what_a_late_worker_made_of_a_container_that_is_gone_goes_too(
    box: Container, memory: MemoryEngine, owner: User, settings
) -> None:
    """Its lease ran out while the engine took its time; others have verified meanwhile that nothing was there."""
    settings.LINGER_SECONDS = 3600  # the network stays
    spec = specs.container(Container.objects.select_related("tenant", "status").get(pk=box.pk))
    admission.remove(box, actor=owner)
    converge()
    box.refresh_from_db()
    assert box.deleted_at
    memory.create(spec)
    assert survey.engine_differences() == [box.pk]
    converge()
    assert memory.inspect(box.engine_name) is None
    assert survey.engine_differences() == []


def test_what_no_row_knows_is_left_to_a_person(memory: MemoryEngine, box: Container) -> None:
    """As after a database was restored: then it may be all that is left of somebody's work."""
    spec = specs.container(Container.objects.select_related("tenant", "status").get(pk=box.pk))
    unknown = {**spec.labels, "warren.container": "00000000-0000-4000-8000-000000000000"}
    memory.create(replace(spec, name="unknown", labels=unknown))
    memory.create(replace(spec, name="odd", labels={**spec.labels, "warren.container": "no key"}))
    assert survey.engine_differences() == []
    converge()
    assert memory.inspect("unknown")
    assert memory.inspect("odd")
