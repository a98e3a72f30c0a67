"""What is decided about a tenant, on the real engine: limits without a restart, a suspension, the end of it all."""

from collections.abc import Callable
from typing import Any

import docker
import pytest

from cloudflare.models import Publication
from containers import admission, lifecycle
from containers.models import Container, Template
from tenants import standing
from tenants.models import Plan, Tenant, User
from tests.conftest import converge
from tests.installation import prepare
from tests.parts import Cloud, docker_containers, docker_networks, docker_volumes, wait_until

pytestmark = pytest.mark.django_db


@pytest.fixture
def create(owner: User, tenant: Tenant, cloud: Cloud, docker_mark: str, settings) -> Callable[..., Container]:
    prepare(cloud, settings)

    def made(name: str, template: str = "hello") -> Container:
        chosen = Template.objects.get(slug=template)
        return admission.create(actor=owner, tenant=tenant, template=chosen, name=name)

    return made


def facts(container: Container) -> dict[str, Any]:
    found: dict[str, Any] = docker.from_env().containers.get(container.engine_name).attrs
    return found


def answers(cloud: Cloud, container: Container, cookie: str | None) -> bool:
    return cloud.visit(container.hostname, "/", cookie).status_code == 200


def test_a_lowered_plan_holds_for_what_runs_without_a_restart(create: Any, tenant: Tenant, cloud: Cloud) -> None:
    box = create("box")
    converge()
    before = facts(box)
    standing.change_plan(tenant, Plan.objects.get(code="free"), actor=None)
    converge()
    after = facts(box)
    assert after["State"]["StartedAt"] == before["State"]["StartedAt"]
    assert after["HostConfig"]["Memory"] == after["HostConfig"]["MemorySwap"] == 512 * 1024**2
    assert after["HostConfig"]["CpuQuota"] == 50_000


def test_a_suspension_stops_it_all_and_resuming_brings_it_back(
    create: Any, tenant: Tenant, owner: User, cloud: Cloud
) -> None:
    box = create("box")
    converge()
    session = cloud.sign_in(owner.email, box.hostname)
    wait_until(lambda: answers(cloud, box, session))
    standing.suspend(tenant, actor=None, reason="Abuse.")
    converge()
    assert facts(box)["State"]["Status"] == "exited"
    assert not answers(cloud, box, session)
    assert cloud.sign_in(owner.email, box.hostname) is None
    standing.resume(tenant, actor=None)
    converge()
    session = cloud.sign_in(owner.email, box.hostname)
    wait_until(lambda: answers(cloud, box, session))
    assert cloud.state()["violations"] == []


def test_a_closed_tenant_with_five_containers_leaves_nothing(
    create: Any, tenant: Tenant, owner: User, cloud: Cloud, docker_mark: str
) -> None:
    boxes = [create(f"box{number}", "notes" if number == 4 else "hello") for number in range(5)]
    converge()
    assert len(docker_containers(docker_mark)) == 6
    standing.close(tenant, actor=owner)
    converge()
    assert docker_containers(docker_mark) == docker_volumes(docker_mark) == []
    assert docker_networks(docker_mark) == [f"{docker_mark}-shared-connectors"]
    assert cloud.tunnels() == cloud.hostnames() == set()
    assert {name for name in cloud.applications() if "*" not in name} == set()
    assert not Publication.objects.filter(gone_at=None).exists()
    for box in Container.objects.filter(pk__in=[box.pk for box in boxes]).select_related("status"):
        assert lifecycle.of(box)[0] == "deleted"
    assert cloud.state()["violations"] == []
