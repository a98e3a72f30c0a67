"""What the admin's first page says of a program that died or hangs: whatever it does stays undone."""

import datetime
from typing import Any

import pytest
from django.utils import timezone

from cloudflare.models import Zone
from containers.models import ContainerStatus, EngineState
from monitoring.models import Sample
from tenants import attention
from tests.conftest import converge
from tests.parts import Cloud

pytestmark = pytest.mark.django_db


def _ago(**time: float) -> datetime.datetime:
    return timezone.now() - datetime.timedelta(**time)


def test_what_nobody_comes_to(create: Any, cloud: Cloud) -> None:
    box = create()
    converge()
    ContainerStatus.objects.update(next_check_at=_ago(minutes=1))
    assert attention.items() == [], "it may be done yet"
    ContainerStatus.objects.update(next_check_at=_ago(minutes=5))
    Zone.objects.update(next_check_at=_ago(minutes=9))
    edge, worker = attention.items()
    assert edge.title == "Nobody does the work of the program edge"
    assert "(zones)" in edge.detail
    assert edge.url == "/admin/cloudflare/zone/"
    assert worker.title == "Nobody does the work of the program worker"
    assert worker.since == ContainerStatus.objects.get(container=box).next_check_at
    ContainerStatus.objects.update(lease_until=_ago(seconds=-20))
    Zone.objects.update(next_check_at=None)
    assert attention.items() == [], "somebody is at it"


def test_what_nobody_measures(create: Any, cloud: Cloud) -> None:
    box = create()
    converge()
    sample = {"memory_used": 1, "memory_limit": 2, "network_rx": 0, "network_tx": 0}
    Sample.objects.create(container=box, sampled_at=_ago(minutes=4), **sample)
    ContainerStatus.objects.update(state=EngineState.EXITED)
    assert attention.items() == [], "there is nothing to measure"
    ContainerStatus.objects.update(state=EngineState.RUNNING)
    (agent,) = attention.items()
    assert agent.title == "Nobody does the work of the program agent"
    assert agent.since == Sample.objects.get().sampled_at
    Sample.objects.update(sampled_at=_ago(seconds=5))
    assert attention.items() == []
