"""A tunnel's token is changed under a container that is visited all the while."""

import threading
from typing import Any

import pytest

from cloudflare.models import Connector, Tunnel
from cloudflare.reconcile import names, rotation
from containers import doorbell
from containers.models import Container
from tenants.models import Tenant
from tests.docker.test_lifecycle import api, installation, until_ready  # noqa: F401  (fixtures)
from tests.parts import Cloud, docker_containers, wait_until

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


def test_nobody_notices_that_the_token_is_changed(
    api: Any,  # noqa: F811
    tenant: Tenant,
    installation: Any,  # noqa: F811
    cloud: Cloud,
    docker_mark: str,
) -> None:
    made = api.post("/api/v1/containers/", {"name": "box", "template": "echo"}, format="json")
    until_ready(api, made.headers["Location"])
    host = made.json()["hostname"]
    alice = cloud.sign_in("alice@example.com", host)
    before, box = Connector.objects.get(), Container.objects.get().engine_name
    old, answers, done = Tunnel.objects.get().secret, [], threading.Event()

    def visit() -> None:
        while not done.wait(0.1):
            answers.append(cloud.visit(host, "/", alice).status_code)

    visitor = threading.Thread(target=visit)
    visitor.start()
    try:
        Tunnel.objects.all().ring(secret_at=rotation.ASKED)
        doorbell.send(names.TUNNEL, Tunnel.objects.get().pk)
        second = Connector(tunnel=before.tunnel, for_tunnel_id=before.for_tunnel_id, serial=2).engine_name
        wait_until(lambda: docker_containers(docker_mark) == sorted([box, second]))
        wait_until(lambda: Connector.objects.count() == 1)
    finally:
        done.set()
        visitor.join()
    row = Tunnel.objects.get()
    assert (row.secret != old, row.next_secret, row.outdated) == (True, "", [])
    assert set(answers) == {200}
    assert cloud.visit(host, "/", alice).status_code == 200
