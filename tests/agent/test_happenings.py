"""What happens to a container at the engine is told, put on record, and has its row looked at, within a second."""

import asyncio
import base64
import json
import time
from collections.abc import Callable

import pytest
import redis
from django.conf import settings as django_settings
from django.db import connection

from containers.models import ContainerStatus
from monitoring.agent import Agent
from monitoring.models import Incident
from tests.agent.conftest import BUSYBOX, Run, Web, until, until_in_database

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


def rung() -> list[str]:
    """The keys of the containers for which a worker was rung."""
    with redis.Redis.from_url(django_settings.REDIS_URL) as broker:
        tasks = [json.loads(raw) for raw in broker.lrange("celery", 0, -1)]
        broker.delete("celery")
    return [
        json.loads(base64.b64decode(task["body"]))[0][0]
        for task in tasks
        if task["headers"]["task"] == "containers.reconcile_container"
    ]


def incidents(ours: str) -> list[tuple[str, int | None]]:
    return list(Incident.objects.filter(container=ours).order_by("pk").values_list("kind", "exit_code"))


def due(ours: str) -> bool:
    return ContainerStatus.objects.due().filter(pk=ours).exists()


async def test_a_kill_and_a_start_from_outside(agent: Agent, web: Web, run: Run, boxes: Callable[[str], str]) -> None:
    ours = await agent.in_database(lambda: boxes("box"))
    box = await run(ours, "sleep 100")
    await until(lambda: agent.engine.running == {ours: box.id})
    await agent.in_database(lambda: ContainerStatus.objects.update(next_check_at=None))
    rung()

    began = time.monotonic()
    await asyncio.to_thread(box.kill)
    await until_in_database(agent, lambda: due(ours))
    await until(lambda: [one for one in web.of("event") if one["event"] == "died"])
    assert time.monotonic() - began < 1
    assert set(rung()) == {ours}
    assert agent.engine.running == {}
    told = web.of("event")[-1]
    assert told | {"at": ""} == {"type": "event", "container": ours, "at": "", "event": "died", "exit_code": 137}
    assert told["at"].endswith("Z")

    await asyncio.to_thread(box.start)
    await until(lambda: agent.engine.running == {ours: box.id})
    await asyncio.to_thread(box.pause)
    await asyncio.to_thread(box.unpause)
    assert agent.engine.running == {ours: box.id}
    await asyncio.to_thread(box.remove, force=True)
    await until(lambda: web.of("event")[-1]["event"] == "destroyed")
    expected = ["started", "killed", "died", "started", "paused", "unpaused", "killed", "died", "destroyed"]
    await until_in_database(agent, lambda: len(incidents(ours)) == len(expected))
    found = await agent.in_database(lambda: incidents(ours))
    assert [kind for kind, _ in found] == expected == [one["event"] for one in web.of("event")]
    assert [code for kind, code in found if kind == "died"] == [137, 137]


async def test_memory_that_runs_out(agent: Agent, web: Web, run: Run, boxes: Callable[[str], str]) -> None:
    ours = await agent.in_database(lambda: boxes("box"))
    await run(ours, f"exec {BUSYBOX} dd if=/dev/zero of=/dev/null bs=64M count=9", mem_limit="16m", init=False)
    await until(lambda: [one for one in web.of("event") if one["event"] == "died"])
    await until_in_database(agent, lambda: {("died", 137), ("oom", None)} <= {*incidents(ours)})


async def test_whatever_is_not_a_container_of_ours_is_left_alone(agent: Agent, web: Web, run: Run) -> None:
    """One that no row knows, and one that a person labelled by hand."""
    await run("", "true")
    await run("mine", "true")
    await until(lambda: [one for one in web.of("event") if one["event"] == "died"])
    await run("", "true")
    await until(lambda: len([one for one in web.of("event") if one["event"] == "died"]) == 2)
    assert await agent.in_database(Incident.objects.count) == 0
    assert agent.engine.running == {}


async def test_a_connection_to_the_database_that_was_cut(
    agent: Agent, run: Run, boxes: Callable[[str], str], caplog: pytest.LogCaptureFixture
) -> None:
    """What happened meanwhile is written by the next one, once."""
    ours = await agent.in_database(lambda: boxes("box"))

    def pid() -> int:
        with connection.cursor() as cursor:
            cursor.execute("select pg_backend_pid()")
            return int(cursor.fetchone()[0])

    await asyncio.to_thread(_terminate, await agent.in_database(pid))
    await run(ours, "exit 3")
    await until(lambda: "what happened waits for the database" in caplog.text)
    await until_in_database(agent, lambda: incidents(ours) == [("started", None), ("died", 3)])


def _terminate(pid: int) -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute("select pg_terminate_backend(%s)", [pid])
    finally:
        connection.close()
