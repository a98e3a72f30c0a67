"""What the engine's words mean: a container is taken away for a network that is gone, and for nothing else."""

from collections.abc import Callable

import pytest

from containers.engine.base import LABEL, ContainerSpec, EngineError, ImageMissing, NetworkMissing, NetworkSpec
from containers.engine.docker import DockerEngine
from tenants.models.plan import MIB
from tests.parts import process_number

Made = Callable[..., str]


@pytest.fixture
def docker(docker_mark: str) -> DockerEngine:
    return DockerEngine(None, timeout=60, mark=docker_mark)


@pytest.fixture
def make(docker: DockerEngine, docker_mark: str) -> Made:
    """Make a container on a network that has room for one, and return its name. Outside `NETWORK_POOL`, and another
    one for each process that tests at the same time: networks of one engine may not overlap.
    """
    labels = {LABEL: docker_mark}
    name = f"{docker_mark}-net"
    subnet = f"10.200.{process_number()}.0/30"
    docker.ensure_network(NetworkSpec(name, f"{docker_mark}-t1", subnet, labels))

    def made(which: str, *, image: str = "warren/hello:latest") -> str:
        full, mine = f"{docker_mark}-{which}", labels | {"warren.container": which}
        docker.create(ContainerSpec(full, image, mine, name, memory=64 * MIB, cpu=100, pids=50))
        return full

    return made


def test_an_image_may_be_called_a_network(make: Made) -> None:
    with pytest.raises(ImageMissing):
        make("box", image="acme/network-tools:1")


def test_a_network_that_is_full_is_there(docker: DockerEngine, make: Made) -> None:
    docker.start(make("first"))
    with pytest.raises(EngineError) as caught:
        docker.start(make("second"))
    assert not isinstance(caught.value, NetworkMissing)


def test_a_network_that_is_gone_is_missing(docker: DockerEngine, make: Made, docker_mark: str) -> None:
    name = make("box")
    docker.remove_network(f"{docker_mark}-net")
    with pytest.raises(NetworkMissing):
        docker.start(name)


def test_a_volume_that_is_gone_leaves_its_container_there(
    docker: DockerEngine, docker_mark: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The engine forgets a volume whose folder went, at its next start; not so whoever mounts it."""
    options = {"DriverConfig": {"Name": "local", "Options": {"type": "tmpfs", "device": "tmpfs"}}}
    volume = {"Labels": {LABEL: docker_mark}, **options}
    mount = {"Type": "volume", "Source": f"{docker_mark}-data", "Target": "/data", "VolumeOptions": volume}
    config = {"Image": "warren/hello:latest", "Labels": {LABEL: docker_mark}, "HostConfig": {"Mounts": [mount]}}
    docker.api.create_container_from_config(config, f"{docker_mark}-box")

    def gone(name: str) -> None:
        docker.api._raise_for_status(docker.api._get(docker.api._url("/volumes/{0}", f"{name}-gone")))

    assert docker.inspect(f"{docker_mark}-box")
    monkeypatch.setattr(docker.api, "inspect_volume", gone)
    with pytest.raises(EngineError):
        docker.inspect(f"{docker_mark}-box")
