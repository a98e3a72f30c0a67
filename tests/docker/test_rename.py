"""Visitors do not notice a rename: 20 requests a second through the edge, each to the address that the API names."""

import itertools
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import docker
import pytest
from django.db import connections
from rest_framework.test import APIClient

from cloudflare.models import Publication
from containers.models import Container
from tenants.models import Tenant, User
from tests.installation import celery, prepare
from tests.parts import Cloud, wait_until

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)

RATE = 20  # requests a second
OVERLAP = 5.0  # the default; a busy machine may take that long from the answer to the visit
GUARD = "*.containers.localhost"


class Visitors:
    """Ask the API where the container is, go there, and keep what came of it; in time, whatever the last one takes."""

    def __init__(self, cloud: Cloud, owner: User, where: str) -> None:
        self.cloud, self.owner, self.where = cloud, owner, where
        self.seen: list[tuple[str, int]] = []  # host and status, in the order of the answers
        self.seconds = 0.0
        self._cookies: dict[str, str | None] = {}
        self._over = threading.Event()
        self._pacer = threading.Thread(target=self._keep_coming)

    def __enter__(self) -> "Visitors":
        self._pacer.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._over.set()
        self._pacer.join()

    def _keep_coming(self) -> None:
        began = time.monotonic()
        with ThreadPoolExecutor(8) as pool:
            for number in itertools.count():
                if self._over.wait(max(0.0, began + number / RATE - time.monotonic())):
                    break
                pool.submit(self._visit)
            self.seconds = time.monotonic() - began

    def _visit(self) -> None:
        try:
            client = APIClient()
            client.force_authenticate(self.owner)
            host = str(urlsplit(client.get(self.where).json()["url"]).hostname)
            if host not in self._cookies:
                self._cookies[host] = self.cloud.sign_in(self.owner.email, host)
            self.seen.append((host, self.cloud.visit(host, "/", self._cookies[host]).status_code))
        except Exception as exc:
            self.seen.append((repr(exc), 0))
        finally:
            connections.close_all()


@pytest.fixture
def installation(cloud: Cloud, docker_mark: str, settings, transactional_db: None) -> Iterator[Any]:
    prepare(cloud, settings)
    with celery(cloud, docker_mark, RENAME_OVERLAP_SECONDS=str(OVERLAP)) as worker:
        yield worker


def test_nobody_meets_an_error(owner: User, tenant: Tenant, installation: Any, cloud: Cloud, docker_mark: str) -> None:
    """With the zone's guard, and without it."""
    api = APIClient()
    api.force_authenticate(owner)
    made = api.post("/api/v1/containers/", {"name": "box", "template": "echo"}, format="json")
    where = made.headers["Location"]
    wait_until(lambda: api.get(where).json()["ready"])
    wait_until(lambda: GUARD in cloud.applications())
    before = _started(Container.objects.get().engine_name)

    names = ["box", "vase", "urn", "pot"]
    with Visitors(cloud, owner, where) as visitors:
        for former, name in itertools.pairwise(names):
            if name == "pot":
                (guard,) = (key for key, app in cloud.state()["apps"].items() if app["fields"]["domain"] == GUARD)
                assert cloud.api("DELETE", f"/accounts/{{account}}/access/apps/{guard}").ok
            assert api.post(where + "rename/", {"name": name}, format="json").status_code == 202
            old, new = (f"{one}-acme.containers.localhost" for one in (former, name))
            wait_until(lambda new=new: new in api.get(where).json()["url"])
            assert {old, new} <= set(cloud.state()["routable"]), "both, for a while"
            wait_until(lambda old=old: Publication.objects.exclude(gone_at=None).filter(hostname=old).exists())
            wait_until(lambda: api.get(where).json()["ready"])
            assert cloud.state()["routable"] == [new]
            assert cloud.visit(old).status_code == 530, "not in DNS"

    hosts = {f"{name}-acme.containers.localhost" for name in names}
    assert Counter(seen for seen in visitors.seen if seen[1] != 200) == {}
    assert {host for host, _ in visitors.seen} == hosts
    assert len(visitors.seen) >= 0.8 * RATE * visitors.seconds, "there were visitors all the time"
    assert cloud.state()["violations"] == []
    assert cloud.hostnames() == cloud.applications() == {"pot-acme.containers.localhost"}
    assert _started(Container.objects.get().engine_name) == before, "it was not restarted"


def _started(name: str) -> str:
    return str(docker.from_env().containers.get(name).attrs["State"]["StartedAt"])
