"""What happens to a container at the engine is told, put on record, and has its row looked at, within a second."""

import asyncio
import base64
import json
import threading
import time
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime, timedelta

import pytest
import redis
from django.conf import settings as django_settings
from django.db import OperationalError, connection

from containers.models import ContainerStatus
from monitoring.agent import Agent, events
from monitoring.agent.engine import Happened
from monitoring.models import Incident
from tests.agent.conftest import BUSYBOX, Run, Web, until, until_in_database
from tests.parts import slowness

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
    assert time.monotonic() - began < slowness()
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
    await until_in_database(agent, lambda: "destroyed" in dict(incidents(ours)))
    found = await agent.in_database(lambda: incidents(ours))
    kinds = [kind for kind, _ in found]
    assert kinds == [one["event"] for one in web.of("event")]
    # Docker itself says both of these twice where containerd's word of them comes late.
    pauses = {"paused", "unpaused"}
    assert pauses <= set(kinds)
    expected = ["started", "killed", "died", "started", "killed", "died", "destroyed"]
    assert [kind for kind in kinds if kind not in pauses] == expected
    assert [code for kind, code in found if kind == "died"] == [137, 137]


async def test_memory_that_runs_out(agent: Agent, web: Web, run: Run, boxes: Callable[[str], str]) -> None:
    ours = await agent.in_database(lambda: boxes("box"))
    # Docker watches for it from beside the container: from a moment after its start on, and no longer than it lives.
    hog, pause = f"{BUSYBOX} dd if=/dev/zero of=/dev/null bs=64M count=9", f"{BUSYBOX} sleep 1"
    await run(ours, f"{pause}; {hog}; code=$?; {pause}; exit $code", mem_limit="16m")
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


@pytest.mark.parametrize("label", ["none", "99999999999", "-1"])
async def test_an_image_that_names_its_exit_code(
    agent: Agent, web: Web, run: Run, boxes: Callable[[str], str], label: str
) -> None:
    """The engine puts an image's labels over what it says itself; nobody else's streams end by that."""
    ours, other = [await agent.in_database(lambda name=name: boxes(name)) for name in ("box", "other")]
    client = agent.engine.docker
    await run(ours, "exit 3", labels={"exitCode": label})
    await run(other, "exit 3")
    await until_in_database(agent, lambda: incidents(other) == [("started", None), ("died", 3)])
    await until_in_database(agent, lambda: incidents(ours) == [("started", None), ("died", None)])
    assert agent.engine.docker is client


async def test_of_more_than_can_wait_for_the_database_the_newest_is_kept(
    agent: Agent, boxes: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = await agent.in_database(lambda: boxes("box"))
    (part,) = [part for part in agent._parts if isinstance(part, events.Events)]
    monkeypatch.setattr(events, "MOST", 3)
    failed, free, write = threading.Event(), threading.Event(), events.note

    def note(batch: Sequence[Happened], woken: Collection[str]) -> None:
        if failed.is_set():
            return write(batch, woken)
        failed.set()
        assert free.wait(10)
        raise OperationalError("the database is away")

    monkeypatch.setattr(events, "note", note)
    began = datetime.now(UTC)

    def happen(*codes: int) -> None:
        for code in codes:
            part._happened(Happened(ours, "e", "die", began + timedelta(seconds=code), code))

    happen(1, 2, 3)
    await until(failed.is_set)
    happen(4, 5)
    free.set()
    await until_in_database(agent, lambda: incidents(ours) == [("died", code) for code in (3, 4, 5)])


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
