"""Limits and ports are changed while the program goes on."""

import datetime
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from containers.engine.memory import MemoryEngine
from containers.models import ContainerStatus
from tests.api.settings.parts import MIB, change, seen, settled, spec
from tests.conftest import converge

pytestmark = pytest.mark.django_db


def test_limits_change_in_place(api: APIClient, box: str, memory: MemoryEngine) -> None:
    before = seen(memory)
    change(api, box, memory=64 * MIB, cpu=100)
    converge()
    after = seen(memory)
    assert (after.id, after.started_at) == (before.id, before.started_at)
    assert (after.memory, after.cpu) == (64 * MIB, 100)


def test_memory_that_is_in_use_is_a_notice_and_goes_with_a_restart(
    api: APIClient, box: str, memory: MemoryEngine
) -> None:
    memory.memory_used = 100 * MIB
    before = seen(memory)
    change(api, box, memory=64 * MIB, cpu=100)
    converge()
    body = api.get(box).json()
    assert (body["error"], [notice["code"] for notice in body["notices"]]) == (None, ["memory_in_use"])
    assert "new limit of 64 MiB; restart it" in body["notices"][0]["detail"]
    assert settled(api, box), "what runs well is shown so"
    assert {step["state"] for step in body["steps"] if step["name"] in {"image", "container"}} == {"done"}
    assert (seen(memory).memory, seen(memory).cpu) == (before.memory, 100)
    memory.restart(before.name, 0)  # somebody's, not ours: its start is known all the same
    ContainerStatus.objects.ring()
    converge()
    api.post(f"{box}restart/")
    converge()
    body = api.get(box).json()
    assert (body["error"], body["notices"], seen(memory).memory) == (None, [], 64 * MIB)


def test_a_lower_limit_applies_by_itself_when_memory_falls(api: APIClient, box: str, memory: MemoryEngine) -> None:
    memory.memory_used = 100 * MIB
    change(api, box, memory=64 * MIB)
    converge()
    status = ContainerStatus.objects.get()
    assert status.next_check_at is not None
    assert status.next_check_at - timezone.now() < datetime.timedelta(seconds=40)
    before, memory.memory_used = seen(memory), 10 * MIB
    ContainerStatus.objects.update(next_check_at=timezone.now())
    converge()
    assert api.get(box).json()["notices"] == []
    assert (seen(memory).memory, seen(memory).started_at) == (64 * MIB, before.started_at)


def test_what_is_of_rows_and_edge_alone_leaves_the_engine_alone(api: APIClient, box: str, memory: MemoryEngine) -> None:
    before = seen(memory)
    answer = change(api, box, label="x", port=9000, resets_connections=False)
    assert answer.json()["resets_connections"] is False
    converge()
    assert seen(memory) == before
    assert settled(api, box)


def test_the_edge_follows_the_port_and_nothing_is_open_meanwhile(api: APIClient, box: str, cloud: Any) -> None:
    cloud.control("DELETE", "calls")
    change(api, box, port=9000)
    converge()
    (tunnel,) = cloud.state()["tunnels"].values()
    assert tunnel["config"]["ingress"][0]["service"].endswith(":9000")
    assert settled(api, box)
    assert [call.partition("/cfd_tunnel/")[2].partition("/")[2] for call in cloud.writes()] == ["configurations"]
    assert cloud.state()["violations"] == []
    assert {step["state"] for step in api.get(box).json()["steps"][:-1]} == {"done"}


def test_a_port_that_cloudflare_does_not_take_is_told_and_taken_later(api: APIClient, box: str, cloud: Any) -> None:
    from cloudflare.models import Publication, Tunnel

    cloud.fault(kind="status", method="PUT", path="configurations", status=400)
    change(api, box, port=9000)
    converge()
    assert not settled(api, box)
    (tunnel,) = cloud.state()["tunnels"].values()
    assert tunnel["config"]["ingress"][0]["service"].endswith(":8080")
    cloud.heal()
    Tunnel.objects.all().ring()
    Publication.objects.all().ring()
    converge()
    (tunnel,) = cloud.state()["tunnels"].values()
    assert tunnel["config"]["ingress"][0]["service"].endswith(":9000")
    assert settled(api, box)
    assert cloud.state()["violations"] == []


def test_an_upgrade_restarts_nobody(api: APIClient, box: str, memory: MemoryEngine) -> None:
    from dataclasses import replace

    from containers.models import ContainerStatus

    before = seen(memory)
    labels = {name: text for name, text in before.labels.items() if name not in {"warren.spec", "warren.revision"}}
    memory.containers[before.name] = replace(before, labels=labels)
    ContainerStatus.objects.all().ring()
    converge()
    assert seen(memory).id == before.id
    change(api, box, environment={"A": "1"})
    converge()
    assert seen(memory).id != before.id
    assert spec(memory).environment["A"] == "1"
