"""What people read while a pass fails: what is there, and not what was there before."""

import pytest
import requests
from docker.errors import APIError

from containers import admission, lifecycle, survey
from containers.engine.base import ContainerSpec, DiskFull, EngineError
from containers.engine.faults import translated
from containers.engine.memory import MemoryEngine
from containers.lifecycle import Lifecycle
from containers.models import Container, ContainerStatus, EngineState
from containers.steps import StepState
from tenants.models import User
from tests.conftest import converge

pytestmark = pytest.mark.django_db


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


def test_a_disk_that_is_full_is_told_at_the_container_and_not_at_its_image(
    owner: User, box: Container, memory: MemoryEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(spec: ContainerSpec) -> None:
        answer = requests.Response()
        answer.status_code = 500
        said = "mkdir /var/lib/docker/overlay2/ab-init: no space left on device"
        with translated():
            raise APIError("refused", response=answer, explanation=said)

    monkeypatch.setattr(memory, "create", refuse)
    made = admission.create(actor=owner, tenant=box.tenant, template=box.template, name="full")
    assert seen(made) == (Lifecycle.PROVISIONING, EngineState.ABSENT, DiskFull.code_)
    steps = {step.name: step for step in made.steps}
    assert (steps["image"].state, steps["container"].state) == (StepState.DONE, StepState.FAILED)
    assert "no room left" in steps["container"].message
    assert "/var/lib" not in steps["container"].message
