"""Who has no way out has none by names either."""

from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from containers import networks, setup, specs
from containers.engine.docker import DockerEngine
from containers.engine.images import build_small
from containers.models import Container, ContainerStatus, Network, NetworkKind, Template
from tenants.models import Tenant
from tenants.models.plan import MIB
from tests.docker.engines import second_engine, without_cgroups

pytestmark = pytest.mark.django_db
PREFIX = "warren-resolver-"


@pytest.fixture
def engine() -> Iterator[str]:
    """The address of an engine on a host with a resolver of its own, for this test alone."""
    without_cgroups(f"{PREFIX}*")
    with second_engine(Path(__file__).parent / "resolver-engine", PREFIX) as url:
        yield url


def test_no_name_leaves_an_internal_network(engine: str, mark: str, tenant: Tenant, template: Template) -> None:
    """Docker 20 asks a host's loopback resolver from the host itself, for containers that reach nothing: any name that
    is looked up would tell somebody outside whatever is in it (CVE-2024-29018).
    """
    ours = DockerEngine(engine, timeout=120)
    build_small("hello", setup.IMAGES / "hello", engine)
    limits = {"memory": 64 * MIB, "cpu": 100, "storage": 0}
    row = Container(tenant=tenant, template=template, name="box", image=template.image, port=8080, **limits)
    row.save()
    ContainerStatus.objects.create(container=row)
    ours.ensure_network(networks.spec(Network(tenant=tenant, kind=NetworkKind.TENANT, subnet="10.190.248.0/24", pk=1)))
    name = ours.create(specs.container(row))
    ours.start(name)
    box = docker.DockerClient(engine).containers.get(name)
    _, said = box.exec_run(["/bin/busybox", "timeout", "3", "/bin/busybox", "nslookup", "secret.example.com"])
    assert b"NXDOMAIN" not in said
    asked = Path(engine.removeprefix("unix://")).parent / "asked"
    assert b"secret" not in asked.read_bytes()
    found, said = box.exec_run(["/bin/busybox", "nslookup", "box"])
    assert found == 0, "the tenant's own names are known as before"
    assert b"10.190.248." in said
