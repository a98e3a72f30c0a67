"""Engine, Redis, agent and web process are killed in turn under fifty open sockets: whoever watches goes on by itself,
and in the end nothing is left of all the streams that were open.
"""

import asyncio
import contextlib
import os
import signal
import socket
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import docker
import pytest
from asgiref.sync import sync_to_async
from django.conf import settings as django_settings
from django.db import connection
from django.test import Client

from cloudflare.models import Zone
from config.embedded.supervisor import Program, Supervisor
from containers import admission, setup
from containers.engine.images import build_small
from containers.models import ContainerStatus, Template
from monitoring.models import Terminal
from tenants.models import Tenant, User
from tests.docker.engines import second_engine
from tests.installation import environment
from tests.live.watchers import Lines, Numbers, Shell, Watcher
from tests.parts import Cloud, slowness, wait_until
from tests.up.parts import free_port

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
SCRIPT = 'n=0; while :; do n=$((n+1)); echo "line $n"; sleep 0.2; done'
WATCHERS = {Numbers: 40, Lines: 5, Shell: 5}


@pytest.fixture
def engine_url() -> Iterator[str]:
    """An engine that this test may kill."""
    with second_engine(Path(__file__).parent / "engine", "warren-engine-") as url:
        yield url


def _programs(env: dict[str, str], home: Path, port: int) -> list[Program]:
    celery = ("-m", "celery", "-A", "config", "worker", "-Q", "celery,edge", "--pool", "threads", "--concurrency", "8")
    commands = {
        "redis": (
            "redis-server",
            "--port",
            "0",
            "--unixsocket",
            str(home / "redis.sock"),
            "--save",
            "",
            "--dir",
            str(home),
        ),
        "worker": (sys.executable, *celery, "--without-mingle", "--without-gossip", "--without-heartbeat"),
        "beat": (
            sys.executable,
            "-m",
            "celery",
            "-A",
            "config",
            "beat",
            "--schedule",
            str(home / "beat"),
            "--pidfile",
            "",
        ),
        "agent": (sys.executable, "-m", "django", "agent"),
        "web": (sys.executable, "-m", "daphne", "-b", "127.0.0.1", "-p", str(port), "config.asgi:application"),
    }
    return [Program(name, command, env) for name, command in commands.items()]


class Parts:
    """The running programs by name, whatever their present processes are."""

    def __init__(self, supervisor: Supervisor, engine_url: str) -> None:
        self._supervisor, self._engine_url = supervisor, engine_url

    def process(self, name: str) -> int:
        if name != "engine":
            return self._supervisor._running[name].pid
        (found,) = [
            int(folder.name)
            for folder in Path("/proc").glob("[0-9]*")
            if (words := _words(folder)) and words[0].endswith("dockerd") and self._engine_url in words
        ]
        return found

    def kill(self, name: str) -> float:
        os.kill(self.process(name), signal.SIGKILL)
        return time.monotonic()

    def open(self, name: str) -> tuple[int, int]:
        """Threads and descriptors that it has."""
        folder = Path("/proc") / str(self.process(name))
        return len(list((folder / "task").iterdir())), len(list((folder / "fd").iterdir()))


def _words(folder: Path) -> list[str]:
    with contextlib.suppress(OSError):
        return (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")
    return []


@pytest.fixture
async def parts(cloud: Cloud, mark: str, engine_url: str, tmp_path: Path) -> AsyncIterator[tuple[Parts, int]]:
    port, redis = free_port(), f"unix://{tmp_path}/redis.sock"
    env = environment(cloud, mark) | {"REDIS_URL": redis, "DOCKER_HOST": engine_url, "PYTHONUNBUFFERED": "1"}
    env |= {"WARREN_HOME": str(tmp_path), "TERMINALS_PER_PERSON": "50"}
    (tmp_path / "static").mkdir()
    supervisor = Supervisor(tmp_path / "log", lambda line: None)
    for program in _programs(env, tmp_path, port):
        await supervisor.start(program)
    yield Parts(supervisor, engine_url), port
    await supervisor.stop()
    await sync_to_async(lambda: connection.close())()  # of the thread in which the test asks


@sync_to_async
def _box(owner: User, tenant: Tenant, engine_url: str) -> str:
    """Wanted; the worker makes it."""
    build_small("echo", setup.IMAGES / "echo", engine_url)
    command = ["/bin/sh", "-c", SCRIPT]
    template = Template.objects.create(slug="lines", name="Lines", image="warren/echo:latest", command=command)
    row = admission.create(actor=owner, tenant=tenant, template=template, name="box")
    return str(row.pk)


def _runs(pk: str) -> bool:
    return ContainerStatus.objects.get(container=pk).state == "running"


async def _recovered(watchers: list[Watcher], since: float, what: str) -> None:
    """Every one of them has been told something newer: within 10 s, or as much more as the machine is overloaded."""
    patience = 10 * slowness()
    while behind := [each for each in watchers if each.moved <= since]:
        await asyncio.sleep(0.05)
        if time.monotonic() - since > patience:
            kinds = Counter((type(each).__name__, *each.codes[-2:]) for each in behind)
            pytest.fail(f"{patience:.0f} s after {what} was killed, {len(behind)} have not recovered: {kinds}")


async def test_all_is_killed_in_turn(
    parts: tuple[Parts, int], owner: User, tenant: Tenant, zone: Zone, engine_url: str
) -> None:
    programs, port = parts
    box = await _box(owner, tenant, engine_url)
    client = Client()
    await sync_to_async(client.force_login)(owner)
    cookie = f"{django_settings.SESSION_COOKIE_NAME}={client.cookies[django_settings.SESSION_COOKIE_NAME].value}"
    await sync_to_async(wait_until)(lambda: _runs(box), 40)
    host = f"127.0.0.1:{port}"
    watchers: list[Watcher] = [kind(host, box, cookie) for kind, count in WATCHERS.items() for _ in range(count)]
    await sync_to_async(wait_until)(lambda: _serves(port), 40)
    idle = {name: programs.open(name) for name in ("web", "agent")}
    tasks = [asyncio.create_task(each.run()) for each in watchers]
    try:
        await _recovered(watchers, time.monotonic(), "nothing")
        for name in ("agent", "redis", "web", "engine"):
            await asyncio.sleep(0.5)
            await _recovered(watchers, programs.kill(name), name)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    await _nothing_is_left(programs, idle, box, engine_url)


def _serves(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


async def _nothing_is_left(programs: Parts, idle: dict[str, tuple[int, int]], box: str, engine_url: str) -> None:
    @sync_to_async
    def left() -> dict[str, Any]:
        found: dict[str, Any] = {}
        with contextlib.closing(docker.DockerClient(engine_url)) as engine:
            name = ContainerStatus.objects.select_related("container").get(container=box).container.engine_name
            if execs := engine.api.inspect_container(name)["ExecIDs"]:
                found["execs"] = execs
        if terminals := Terminal.objects.filter(ended_at=None).count():
            found["terminals"] = terminals
        for program, (threads, descriptors) in idle.items():
            now = programs.open(program)
            if now[0] > threads + 6 or now[1] > descriptors + 12:
                found[program] = {"before": (threads, descriptors), "now": now}
        return found

    deadline = time.monotonic() + 15 * slowness()
    while found := await left():
        assert time.monotonic() < deadline, found
        await asyncio.sleep(0.2)
