"""What somebody does to a container with the Docker CLI: it is found by the next survey, and put right."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import docker
import pytest

from containers import admission, loop, reconcile, survey
from containers.engine.images import build_small
from containers.models import Container, ContainerStatus, Network, NetworkKind, Template
from tenants.models import Tenant, User
from tests.parts import docker_containers

pytestmark = pytest.mark.django_db


@pytest.fixture
def box(owner: User, tenant: Tenant, template: Template, zone: Any, docker_mark: str) -> Container:
    build_small("hello", Path(reconcile.__file__).parent / "images" / "hello")
    made = admission.create(actor=owner, tenant=tenant, template=template, name="box")
    loop.run(reconcile.CONTAINER, made.pk)
    assert facts(made)["State"]["Status"] == "running"
    return made


def facts(box: Container) -> dict[str, Any]:
    found: dict[str, Any] = docker.from_env().api.inspect_container(box.engine_name)
    return found


def put_right(box: Container) -> None:
    assert survey.engine_differences() == [box.pk]
    loop.run(reconcile.CONTAINER, box.pk)
    status = ContainerStatus.objects.get(pk=box.pk)
    assert (status.state, status.code) == ("running", "")
    assert survey.engine_differences() == []


def test_one_that_was_paused_goes_on(box: Container) -> None:
    docker.from_env().api.pause(box.engine_name)
    before = facts(box)["State"]["StartedAt"]
    put_right(box)
    assert facts(box)["State"]["Status"] == "running"
    assert facts(box)["State"]["StartedAt"] == before


def test_one_that_was_renamed_has_its_name_again_and_no_double(box: Container, docker_mark: str) -> None:
    before = facts(box)["Id"]
    docker.from_env().api.rename(box.engine_name, f"{docker_mark}-other")
    put_right(box)
    assert facts(box)["Id"] == before
    assert docker_containers(docker_mark) == [box.engine_name]


def test_one_that_was_renamed_goes_with_its_container(box: Container, docker_mark: str, owner: User) -> None:
    docker.from_env().api.rename(box.engine_name, f"{docker_mark}-other")
    admission.remove(box, actor=owner)
    loop.run(reconcile.CONTAINER, box.pk)
    assert docker_containers(docker_mark) == []


def test_one_that_was_taken_off_its_network_is_put_back(box: Container) -> None:
    network = Network(tenant=box.tenant, kind=NetworkKind.TENANT).engine_name
    before = facts(box)["State"]["StartedAt"]
    docker.from_env().api.disconnect_container_from_network(box.engine_name, network)
    put_right(box)
    assert box.name in facts(box)["NetworkSettings"]["Networks"][network]["Aliases"]
    assert facts(box)["State"]["StartedAt"] == before


@pytest.fixture
def unremovable(box: Container) -> Iterator[Callable[[], None]]:
    """A removal fails on a file of its layer, which leaves it dead: Docker's word for half removed."""
    file = Path(facts(box)["GraphDriver"]["Data"]["UpperDir"]) / "stays"
    file.touch()
    subprocess.run(["chattr", "+i", file], check=True)

    def free() -> None:
        subprocess.run(["chattr", "-i", file], check=False, capture_output=True)

    yield free
    free()


def test_one_that_is_half_removed_is_made_anew(box: Container, unremovable: Callable[[], None]) -> None:
    with pytest.raises(docker.errors.APIError):
        docker.from_env().api.remove_container(box.engine_name, force=True)
    before = facts(box)
    assert before["State"]["Status"] == "dead"
    unremovable()
    put_right(box)
    assert facts(box)["Id"] != before["Id"]
