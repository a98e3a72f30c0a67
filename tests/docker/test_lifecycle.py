"""From the request to the page behind Access and back to nothing, through Celery, Docker and the simulated edge."""

import os
import signal
from collections.abc import Callable, Iterator
from typing import Any

import docker
import pytest
from rest_framework.test import APIClient

from cloudflare.models import Connector
from containers.models import Container, ContainerStatus
from tenants.models import Tenant, User
from tests.conftest import converge, make_tenant
from tests.installation import celery, prepare
from tests.parts import Cloud, docker_containers, docker_networks, wait_until

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


@pytest.fixture
def installation(cloud: Cloud, docker_mark: str, settings, transactional_db: None) -> Iterator[Any]:
    prepare(cloud, settings)
    with celery(cloud, docker_mark) as worker:
        yield worker


@pytest.fixture
def api(owner: User) -> APIClient:
    client = APIClient()
    client.force_authenticate(owner)
    return client


def phase(api: APIClient, url: str) -> Callable[[str], bool]:
    return lambda word: api.get(url).json()["lifecycle"] == word


def until_ready(api: APIClient, url: str, seconds: float = 20) -> None:
    try:
        wait_until(lambda: api.get(url).json()["ready"], seconds)
    except AssertionError:
        pytest.fail(f"it is not ready: {api.get(url).json()}")


def test_the_whole_loop(api: APIClient, tenant: Tenant, installation: Any, cloud: Cloud, docker_mark: str) -> None:
    made = api.post("/api/v1/containers/", {"name": "box", "template": "echo"}, format="json")
    assert made.status_code == 202
    url, host = made.headers["Location"], made.json()["hostname"]
    until_ready(api, url)
    steps = api.get(url).json()["steps"]
    assert [step["state"] for step in steps] == ["done"] * 8
    assert all(step["seconds"] >= 0 for step in steps)

    alice = cloud.sign_in("alice@example.com", host)
    page = cloud.visit(host, "/deep?x=1", alice)
    assert page.status_code == 200
    assert "Cf-Access-Authenticated-User-Email: alice@example.com" in page.text
    assert cloud.sign_in("charlie@example.com", host) is None
    assert cloud.visit(host).status_code == 302
    _as_designed(_name("box"), docker_mark, host)

    assert api.post(url + "stop/").status_code == 202
    wait_until(lambda: api.get(url).json()["lifecycle"] == "stopped")
    assert cloud.visit(host, "/", alice).status_code == 502
    assert api.post(url + "restart/").status_code == 409
    assert api.post(url + "start/").status_code == 202
    until_ready(api, url)
    wait_until(lambda: cloud.visit(host, "/", alice).status_code == 200)
    before = _started()
    assert api.post(url + "restart/").status_code == 202
    wait_until(lambda: _started() > before)
    until_ready(api, url)

    assert api.delete(url).status_code == 202
    wait_until(lambda: api.get(url).status_code == 404)
    wait_until(lambda: docker_containers(docker_mark) == [])
    wait_until(lambda: docker_networks(docker_mark) == [f"{docker_mark}-shared-connectors"])
    wait_until(lambda: cloud.tunnels() == set())
    assert cloud.hostnames() == set()
    assert cloud.applications() == {"*.containers.localhost"}
    assert cloud.state()["violations"] == []


def _name(of: str) -> str:
    """The living container's name at the engine."""
    return Container.objects.living().get(name=of).engine_name


def _started() -> str:
    return str(docker.from_env().containers.get(_name("box")).attrs["State"]["StartedAt"])


def _as_designed(name: str, mark: str, host: str) -> None:
    """What the engine was asked for: limits, labels, environment, and none of what a container must not have."""
    facts = docker.from_env().containers.get(name).attrs
    config, box = facts["Config"], facts["HostConfig"]
    assert (
        config["Labels"].items()
        >= {
            "warren.installation": mark,
            "warren.tenant": "acme",
            "warren.hostname": host,
            "warren.tunnel": f"warren-{mark}-acme",
        }.items()
    )
    environment = dict(row.split("=", 1) for row in config["Env"])
    assert (
        environment.items()
        >= {
            "WARREN_TENANT": "acme",
            "WARREN_CONTAINER": "box",
            "WARREN_HOSTNAME": host,
        }.items()
    )
    assert box["Memory"] == box["MemorySwap"] == 8 * 1024**3
    assert (box["CpuQuota"], box["CpuPeriod"]) == (400_000, 100_000)
    assert box["PidsLimit"] == 256
    assert box["CapDrop"] == ["ALL"]
    assert box["SecurityOpt"] == ["no-new-privileges"]
    assert box["Init"] is True
    assert not box["Binds"]
    assert not box["Privileged"]
    assert list(facts["NetworkSettings"]["Networks"]) == [f"{mark}-acme-tenant"]
    connector = docker.from_env().containers.get(Connector.objects.get().engine_name).attrs
    assert "eyJ" not in str(connector["Config"])
    assert "eyJ" not in str(connector["Args"])


def test_the_token_is_a_file_that_only_its_user_reads(
    api: APIClient, tenant: Tenant, installation: Any, cloud: Cloud, docker_mark: str
) -> None:
    made = api.post("/api/v1/containers/", {"name": "box", "template": "hello"}, format="json")
    until_ready(api, made.headers["Location"])
    connector = docker.from_env().containers.get(Connector.objects.get().engine_name)
    listed = connector.exec_run(["/bin/busybox", "ls", "-ln", "/etc/cloudflared/token"]).output.decode().split()
    assert (listed[0], listed[2]) == ("-r--------", "65532")
    assert connector.exec_run(["cloudflared", "tunnel", "ready"]).exit_code == 0


def test_a_worker_that_is_killed_is_replaced(
    api: APIClient, tenant: Tenant, cloud: Cloud, docker_mark: str, settings
) -> None:
    """The real thing: Celery and all, killed in the middle of three creations; another one finishes them."""
    prepare(cloud, settings)
    with celery(cloud, docker_mark, LEASE_SECONDS="2") as worker:
        urls = [
            api.post("/api/v1/containers/", {"name": name, "template": "hello"}, format="json").headers["Location"]
            for name in ("one", "two", "three")
        ]
        wait_until(lambda: docker_containers(docker_mark))
        os.killpg(worker.pid, signal.SIGKILL)
    with celery(cloud, docker_mark, LEASE_SECONDS="2"):
        for url in urls:
            until_ready(api, url, 30)
    assert set(docker_containers(docker_mark)) == {
        Connector.objects.get().engine_name,
        *(_name(of) for of in ("one", "two", "three")),
    }
    assert len(docker_containers(docker_mark)) == 4
    assert cloud.state()["violations"] == []


def test_40_tenants_have_40_networks(owner: User, cloud: Cloud, docker_mark: str, settings) -> None:
    """Docker's own address pools end at about 31."""
    prepare(cloud, settings)
    cloud.control("PATCH", "limits", {"record_quota": 1000})
    from containers import networks
    from containers.models import NetworkKind

    for number in range(40):
        networks.ensure(make_tenant(f"t{number}", owner), NetworkKind.TENANT)
    assert len([name for name in docker_networks(docker_mark) if name.endswith("-tenant")]) == 40


def test_a_container_that_vanished_is_made_again(
    api: APIClient, tenant: Tenant, cloud: Cloud, docker_mark: str, settings
) -> None:
    """Somebody removed it with the Docker CLI: the survey notices, the loop makes it anew."""
    from containers import survey

    prepare(cloud, settings)
    url = api.post("/api/v1/containers/", {"name": "box", "template": "hello"}, format="json").headers["Location"]
    converge()
    docker.from_env().containers.get(_name("box")).remove(force=True)
    assert [str(pk) for pk in survey.engine_differences()] == [str(Container.objects.get().pk)]
    converge()
    assert phase(api, url)("running")
    assert _name("box") in docker_containers(docker_mark)


def test_a_crashing_program_is_shown_as_such(
    api: APIClient, tenant: Tenant, cloud: Cloud, docker_mark: str, settings
) -> None:
    from containers.models import Template

    prepare(cloud, settings)
    Template.objects.create(slug="crash", name="Crash", image="warren/echo:latest", command=["/bin/busybox", "false"])
    url = api.post("/api/v1/containers/", {"name": "box", "template": "crash"}, format="json").headers["Location"]
    converge()

    def looked_again() -> bool:
        ContainerStatus.objects.all().ring()
        converge()
        return phase(api, url)("error")

    wait_until(looked_again)
    running = next(row for row in api.get(url).json()["conditions"] if row["type"] == "Running")
    assert running["status"] is False
    assert "exit code 1" in running["message"]


def test_an_image_that_nobody_has_is_told_at_the_step(
    api: APIClient, tenant: Tenant, cloud: Cloud, docker_mark: str, settings
) -> None:
    from containers.models import Template

    prepare(cloud, settings)
    Template.objects.create(slug="none", name="None", image="registry.invalid/none:latest")
    url = api.post("/api/v1/containers/", {"name": "box", "template": "none"}, format="json").headers["Location"]
    converge()
    body = api.get(url).json()
    assert body["lifecycle"] == "error"
    image = next(step for step in body["steps"] if step["name"] == "image")
    assert image["state"] == "failed"
    assert "registry.invalid/none:latest could not be pulled" in image["message"]
