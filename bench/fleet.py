"""Running containers, as many as are asked for: rows of one tenant, and what they stand for at the engine."""

import contextlib
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Self

from django.conf import settings
from docker import APIClient

from containers.engine.base import LABEL
from containers.models import Container, ContainerStatus, EngineState, Template
from containers.setup import IMAGES, build_small
from monitoring.agent.engine import CONTAINER
from tenants.models import Membership, Plan, Role, Tenant, User
from tests.parts import docker_cleanup

IMAGE = "hello"
THREADS = 4


class Fleet:
    """`running`: our id of each → the engine's."""

    def __init__(self) -> None:
        self.owner = User.objects.create_user("live@example.com", "secret")
        self.tenant = Tenant.objects.create(slug="live", name="Live", plan=Plan.objects.get(code="enterprise"))
        Membership.objects.create(tenant=self.tenant, user=self.owner, role=Role.OWNER)
        image = build_small(IMAGE, IMAGES / IMAGE, settings.DOCKER_HOST or None)
        self._template, _ = Template.objects.get_or_create(slug=IMAGE, defaults={"name": "Hello", "image": image})
        self.running: dict[str, str] = {}

    @classmethod
    @contextlib.contextmanager
    def launch(cls) -> Iterator[Self]:
        """Whatever happens within, nothing of it stays at the engine."""
        mark = settings.INSTALLATION
        docker_cleanup(mark)
        fleet = cls()
        try:
            yield fleet
        finally:
            with ThreadPoolExecutor(THREADS) as pool:
                list(pool.map(_remove, fleet.running.values()))
            docker_cleanup(mark)

    def grow(self, count: int) -> None:
        keys = [str(uuid.uuid4()) for _ in range(count - len(self.running))]
        Container.objects.bulk_create(
            Container(
                pk=key,
                tenant=self.tenant,
                template=self._template,
                name=f"c{key[:8]}",
                hostname=f"c{key[:8]}-live.containers.localhost",
                engine_name=f"bench-live-{key[:8]}",
                image=self._template.image,
                port=8080,
                memory=2**26,
                cpu=250,
                storage=2**30,
            )
            for key in keys
        )
        ContainerStatus.objects.bulk_create(
            ContainerStatus(container_id=key, observed_generation=1, state=EngineState.RUNNING) for key in keys
        )
        with ThreadPoolExecutor(THREADS) as pool:
            self.running |= zip(keys, pool.map(self._start, keys), strict=True)

    def _start(self, key: str) -> str:
        with contextlib.closing(_api()) as api:
            made: str = api.create_container(
                self._template.image,
                ["/bin/busybox", "sleep", "3600"],
                name=f"bench-live-{key[:8]}",
                labels={LABEL: settings.INSTALLATION, CONTAINER: key},
                host_config=api.create_host_config(network_mode="none", mem_limit=2**26),
            )["Id"]
            api.start(made)
            return made


def _remove(engine_id: str) -> None:
    with contextlib.closing(_api()) as api:
        api.remove_container(engine_id, force=True)


def _api() -> APIClient:
    return APIClient(settings.DOCKER_HOST or None, version="auto", timeout=60)
