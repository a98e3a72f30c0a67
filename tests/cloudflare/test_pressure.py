"""Cloudflare away, Cloudflare busy, and Cloudflare's budget of calls."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connections

from cloudflare import clients
from cloudflare import setup as cloudflare_setup
from cloudflare.models import Publication, Tunnel
from containers import admission, loop
from containers.engine.memory import MemoryEngine
from containers.models import Condition, Container, Template
from tenants.models import User
from tests.conftest import converge, make_tenant
from tests.parts import Cloud


@pytest.mark.django_db
def test_away_for_the_whole_creation_then_back(
    owner: User, template: Template, memory: MemoryEngine, zone: Any, cloud: Cloud, settings
) -> None:
    cloud.fault(kind="dropped")
    container = admission.create(actor=owner, tenant=make_tenant("acme", owner), template=template, name="box")
    converge()
    running, published = (Condition.objects.get(container=container, type=type_) for type_ in ("Running", "Published"))
    assert running.status is True
    assert (published.status, published.reason) == (None, "cloudflare_unreachable")
    assert "tried again by itself" in published.message
    assert cloud.hostnames() == set()
    cloud.heal()
    deadline = time.monotonic() + 15
    while not Condition.objects.filter(container=container, type="Published", status=True).exists():
        converge()  # nobody rings: the rows come due by themselves
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert cloud.state()["routable"] == [container.hostname]
    assert cloud.state()["violations"] == []


@pytest.mark.django_db
def test_retry_after_is_obeyed(owner: User, template: Template, memory: MemoryEngine, zone: Any, cloud: Cloud) -> None:
    """By everybody with the credential, and to the second."""
    clients._client.cache_clear()
    cloud.fault(kind="status", status=429, retry_after=4, method="POST", path="access/apps", times=1)
    container = admission.create(actor=owner, tenant=make_tenant("acme", owner), template=template, name="box")
    began = time.monotonic()
    cloud.control("DELETE", "calls")
    converge()
    sent = len(cloud.calls())
    while time.monotonic() - began < 3.5:
        converge()
        time.sleep(0.1)
    assert len(cloud.calls()) == sent, "somebody called before the time was over"
    assert "goes on by itself" in Publication.objects.get(container=container).message
    deadline = time.monotonic() + 10
    while not Condition.objects.filter(container=container, type="Published", status=True).exists():
        converge()
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
@pytest.mark.parametrize(
    ("speed", "calls", "rate", "tenants"),
    [
        pytest.param("10", 1200, "1200/30", 40, id="200 containers"),
        pytest.param("100", 60, "60/3", 8, id="40 containers on a budget that cannot do without pacing"),
    ],
)
def test_many_containers_never_meet_a_429(
    speed: str,
    calls: int,
    rate: str,
    tenants: int,
    owner: User,
    template: Template,
    memory: MemoryEngine,
    settings,
    mark: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Against a simulator that enforces so many calls per 5 minutes, its clock running so many times faster."""
    from cloudflare.reconcile import connector

    monkeypatch.setattr(connector, "FIRST_LOOKS", (0.0,))
    with Cloud.launch("--speed", speed) as cloud:
        for name, value in {**cloud.settings(), "CLOUDFLARE_RATE": rate, "LEASE_SECONDS": 10.0}.items():
            setattr(settings, name, value)
        cloud.control("PATCH", "limits", {"record_quota": 1000, "calls": calls})
        cloudflare_setup.ensure_account()
        converge()
        for number in range(tenants):
            tenant = make_tenant(f"t{number}", owner, plan="enterprise")
            for name in ("a", "b", "c", "d", "e"):
                admission.create(actor=owner, tenant=tenant, template=template, name=name)
        _drain(workers=8)
        assert len(cloud.state()["routable"]) == 5 * tenants
        assert [call for call in cloud.calls() if call["status"] == 429] == []
        assert cloud.state()["violations"] == []
        assert Tunnel.objects.count() == tenants


def _drain(workers: int) -> None:
    """Several workers at once, until every container is published."""

    def run(due: tuple[str, Any]) -> None:
        try:
            loop.run(*due)
        finally:
            connections.close_all()

    deadline = time.monotonic() + 120
    with ThreadPoolExecutor(workers) as pool:
        while Condition.objects.filter(type="Published", status=True).count() < Container.objects.count():
            assert time.monotonic() < deadline
            due = [(controller.name, pk) for controller in loop.controllers() for pk in controller.due()]
            list(pool.map(run, due))
            time.sleep(0.05)
