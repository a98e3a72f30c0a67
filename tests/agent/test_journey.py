"""With every program that production runs: what dies outside Warren is seen and mended within a second."""

import time
from typing import Any

import docker
import pytest
from django.utils import timezone

from containers import admission, doorbell, reconcile
from containers.models import ContainerStatus, EngineState, Template
from monitoring.models import Incident, Kind, Sample
from tenants.models import Tenant, User
from tests.conftest import converge
from tests.installation import celery, environment, prepare, program
from tests.parts import Cloud, slowness, wait_until


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_a_death_is_in_the_database_within_a_second(
    owner: User, tenant: Tenant, cloud: Cloud, docker_mark: str, settings: Any
) -> None:
    prepare(cloud, settings)
    template = Template.objects.get(slug="hello")
    row = admission.create(actor=owner, tenant=tenant, template=template, name="box")
    converge()
    status = ContainerStatus.objects.get(container=row)
    assert status.state == EngineState.RUNNING
    died = Incident.objects.filter(container=row, kind=Kind.DIED)
    with (
        celery(cloud, docker_mark, SWEEP_SECONDS="60"),
        program("django", "agent", env=environment(cloud, docker_mark)),
    ):
        wait_until(lambda: Sample.objects.filter(container=row, cpu_percent__isnull=False).exists(), 30)
        _wait_for_the_worker(row.pk)
        killed = docker.from_env().containers.get(status.engine_id)
        began = time.monotonic()
        killed.kill()
        wait_until(died.exists, 5, 0.01)
        assert time.monotonic() - began < slowness()
        wait_until(lambda: ContainerStatus.objects.get(container=row).started_at != status.started_at, 10, 0.01)
    assert died.get().exit_code == 137


def _wait_for_the_worker(pk: Any) -> None:
    """Until it answers a ring."""
    mine = ContainerStatus.objects.filter(pk=pk)
    mine.ring()
    doorbell.send(reconcile.CONTAINER, pk)
    wait_until(lambda: mine.filter(next_check_at__gt=timezone.now(), lease_until=None).exists(), 30)
