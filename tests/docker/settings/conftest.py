"""A container of notes on the real engine, looked at from inside, from beside and from the kernel's side."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import pytest
from rest_framework.test import APIClient

from containers.models import Container
from tenants.models import Tenant, User
from tests.conftest import converge
from tests.installation import prepare
from tests.parts import Cloud

URL = "/api/v1/containers/"
MIB = 1024**2
B = "/bin/busybox"


@pytest.fixture
def client() -> Iterator[docker.DockerClient]:
    with contextlib.closing(docker.from_env()) as found:
        yield found


@pytest.fixture
def api(owner: User, tenant: Tenant, cloud: Cloud, docker_mark: str, settings, tmp_path: Path) -> APIClient:
    prepare(cloud, settings)
    settings.ARCHIVE_ROOT = str(tmp_path / "archives")
    found = APIClient()
    found.force_authenticate(owner)
    return found


@pytest.fixture
def box(api: APIClient) -> str:
    return made(api, "box")


def made(api: APIClient, name: str) -> str:
    url: str = api.post(URL, {"name": name, "template": "notes"}, format="json").headers["Location"]
    converge()
    return url


def seen(client: docker.DockerClient, name: str = "box") -> Any:
    return client.containers.get(Container.objects.living().get(name=name).engine_name)


def inside(client: docker.DockerClient, *command: str, name: str = "box") -> str:
    done = seen(client, name).exec_run([B, *command])
    assert done.exit_code == 0, done.output
    return str(done.output.decode())


def beside(client: docker.DockerClient, mark: str, script: str, name: str = "box") -> str:
    """What a shell of root's says that has the container's volume, and more rights than a container of ours."""
    (mount,) = seen(client, name).attrs["Mounts"]
    told: bytes = client.containers.run(
        "warren/notes:latest",
        [B, "sh", "-c", f"cd /data && {script}"],
        user="0:0",
        volumes={mount["Name"]: {"bind": "/data"}},
        network_mode="none",
        labels={"warren.installation": mark},
        remove=True,
    )
    return told.decode()


def volumes(client: docker.DockerClient, mark: str) -> list[str]:
    return [volume.name for volume in client.volumes.list(filters={"label": f"warren.installation={mark}"})]
