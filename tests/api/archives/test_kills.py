"""A worker that is killed at any act of a restore or a recreation: the next pass finishes, and no data is lost."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from containers.engine.memory import MemoryEngine
from containers.models import Archive, Container, ContainerStatus
from tests.api.archives.conftest import content, names, restore, tar
from tests.conftest import converge

pytestmark = pytest.mark.django_db


class Killed(BaseException):
    """As if the worker's process had ended here."""


def killed(memory: MemoryEngine, act: str, after: bool) -> None:
    """Work until that act is first come to, and end before it, or after it."""
    real = getattr(memory, act)

    def cut(*args: Any, **more: Any) -> Any:
        if after:
            real(*args, **more)
        raise Killed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(memory, act, cut)
        with pytest.raises(Killed):
            converge()


ACTS = ["fill_volume", "stop", "remove", "create", "start", "remove_volume"]


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("act", ACTS)
def test_a_restore_that_is_killed_is_finished_by_the_next_pass(
    api: APIClient, box: str, memory: MemoryEngine, act: str, after: bool, settings
) -> None:
    settings.LEASE_SECONDS = -1
    restore(api, box, tar(old="1"))
    converge()
    restore(api, box, tar(new="2"))
    killed(memory, act, after)
    spec = memory.specs.get(Container.objects.get().engine_name)
    assert spec is None or names(memory.contents[spec.volume]) in (["data/old"], ["data/new"])
    ContainerStatus.objects.all().ring()
    Archive.objects.all().ring()
    converge()
    assert content(memory) == ["data/new"]
    assert len(memory.volumes({})) == 1
    assert api.get(box).json()["lifecycle"] == "running"
    assert {archive.state for archive in Archive.objects.all()} == {"done"}


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("act", ["pull", "stop", "remove", "create", "start"])
def test_a_recreation_that_is_killed_keeps_the_data(
    api: APIClient, box: str, memory: MemoryEngine, act: str, after: bool, settings
) -> None:
    settings.LEASE_SECONDS = -1
    restore(api, box, tar(mine="1"))
    converge()
    before = memory.containers[Container.objects.get().engine_name].id
    memory.registry = {"warren/notes:latest"}
    api.post(f"{box}recreate/")
    killed(memory, act, after)
    assert len(memory.volumes({})) == 1
    ContainerStatus.objects.all().ring()
    converge()
    assert content(memory) == ["data/mine"]
    assert memory.containers[Container.objects.get().engine_name].id != before
    assert api.get(box).json()["lifecycle"] == "running"
