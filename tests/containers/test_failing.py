"""What people read while a pass fails: what is there, and not what was there before."""

from typing import Any

import pytest

from containers import admission, lifecycle, survey
from containers.engine.base import EngineError
from containers.engine.memory import MemoryEngine
from containers.lifecycle import Lifecycle
from containers.models import Container, ContainerStatus, EngineState, Template
from tenants.models import Tenant, User
from tests.conftest import converge

pytestmark = pytest.mark.django_db


@pytest.fixture
def box(owner: User, tenant: Tenant, template: Template, memory: MemoryEngine, zone: Any) -> Container:
    made = admission.create(actor=owner, tenant=tenant, template=template, name="box")
    converge()
    return made


def seen(box: Container) -> tuple[Lifecycle, str, str]:
    survey.engine_differences()
    converge()
    now = Container.objects.select_related("status").get(pk=box.pk)
    return lifecycle.of(now)[0], now.status.state, now.status.code


def test_one_that_vanished_and_cannot_be_made_again_is_missing(box: Container, memory: MemoryEngine) -> None:
    memory.remove(box.engine_name)
    memory.images = set()
    assert seen(box) == (Lifecycle.MISSING, EngineState.ABSENT, "image_unavailable")
    assert survey.engine_differences() == []  # known: the registry is not asked again before its time


def test_one_that_ended_and_cannot_be_started_is_no_longer_running(
    box: Container, memory: MemoryEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(name: str) -> None:
        raise EngineError("There is no space left.", retry_after=60)

    memory.stop(box.engine_name, 0)
    with monkeypatch.context() as broken:
        broken.setattr(memory, "start", refuse)
        assert seen(box) == (Lifecycle.ERROR, EngineState.EXITED, "engine_error")
    ContainerStatus.objects.filter(pk=box.pk).ring()
    assert seen(box) == (Lifecycle.RUNNING, EngineState.RUNNING, "")
