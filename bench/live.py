"""What it costs to watch: nothing more for one more who watches, little for each container that runs.

Agent, Daphne, PostgreSQL and Redis as in production. Of the engine counts dockerd, with a containerd of its own.
"""

import asyncio
import json
import os
import resource
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.test import Client
from django.utils import timezone
from redis.asyncio import Redis

from bench import bare, processes
from bench.crowd import Remote
from bench.fleet import Fleet
from monitoring.agent.transport import client
from monitoring.live import outbox, wire
from monitoring.live.link import Link
from monitoring.models import Sample
from monitoring.sources.stats import Stats

WATCHERS, WINDOWS, WINDOW = 200, 6, 10.0  # seconds: a whole number of the agent's own intervals
SOCKETS, FIRST, PASSES = 1000, 20, 20
CONTAINERS, SECONDS, ENGINE_PASSES = 100, 20.0, 5
PEER_SECONDS = 10.0

Ages = list[tuple[int, str, float]]  # socket, sample, seconds


@dataclass
class Table:
    missed: int = 0

    def title(self, words: str) -> None:
        print(f"\n{words}", flush=True)

    def line(self, name: str, value: str, wanted: str = "", *, met: bool = True) -> None:
        verdict = f"   {wanted:<18}{'ok' if met else 'MISSED'}" if wanted else ""
        print(f"  {name:<58}{value:>22}{verdict}".rstrip(), flush=True)
        self.missed += not met


class Stage:
    """The installation's programs, and one person who may see everything."""

    def __init__(self, fleet: Fleet) -> None:
        self.log = Path(os.environ["WARREN_HOME"]) / "live.log"
        browser = Client()
        browser.force_login(fleet.owner)
        name = settings.SESSION_COOKIE_NAME
        self._cookie = f"{name}={browser.cookies[name].value}"

    def agent(self, **environment: str) -> Any:
        return processes.program(sys.executable, "manage.py", "agent", log=self.log, **environment)

    @contextmanager
    def web(self, *containers: str) -> Iterator[tuple[int, Remote]]:
        """A web process, and a crowd that watches these."""
        greeting = [{"type": "subscribe", "containers": list(containers)}]
        with processes.web("config.asgi:application", self.log, SOCKETS_PER_PERSON="2000", SOCKET_RATE="") as (
            pid,
            port,
        ):
            headers = {"Origin": f"http://127.0.0.1:{port}", "Cookie": self._cookie}
            with Remote.launch(port, "/ws/containers/", greeting, **headers) as crowd:
                yield pid, crowd


def _watching(table: Table, stage: Stage, container: str) -> None:
    """One container, watched by one and by many in turn."""
    used: dict[int, list[float]] = {1: [], WATCHERS: []}
    ages: dict[int, Ages] = {1: [], WATCHERS: []}
    with stage.agent() as agent, stage.web(container) as (_, crowd):
        crowd.open(1)
        time.sleep(5)
        for number in range(WINDOWS):
            count = WATCHERS if number % 2 else 1
            crowd.open(count)
            time.sleep(1)
            crowd.take()
            used[count].append(_share([agent, *processes.engine()], lambda: time.sleep(WINDOW)))
            ages[count] += crowd.take()
    ratio = sum(used[WATCHERS]) / sum(used[1])
    pairs = ", ".join(f"{many / one:.2f}" for one, many in zip(used[1], used[WATCHERS], strict=True))
    table.title(f"One container, watched by 1 and by {WATCHERS} sockets in turn")
    table.line("agent and dockerd with 1, of a core", f"{statistics.mean(used[1]):.2%}")
    table.line(f"agent and dockerd with {WATCHERS}", f"{statistics.mean(used[WATCHERS]):.2%}")
    table.line(f"ratio (pairs {pairs})", f"{ratio:.2f} ×", "at most 1.10 ×", met=ratio <= 1.10)
    for count, found in ages.items():
        age = max(_p95(each) for each in _by(0, found).values())
        table.line(
            f"age of a sample at {count}, p95 of the worst socket", f"{1000 * age:.0f} ms", "at most 2 s", met=age <= 2
        )


def _fan_out(table: Table, stage: Stage, container: str) -> None:
    """One container, watched by a thousand; and what a bare hub needs for the same text, pass by pass in turn."""
    with (
        stage.web(container) as (web, crowd),
        processes.web("bench.bare:application", stage.log) as (bare_web, port),
        Remote.launch(port) as bare_crowd,
    ):
        before = {}
        for pid, each in ((web, crowd), (bare_web, bare_crowd)):
            each.open(FIRST)  # what a process loads for the first of them is no cost of a socket
            time.sleep(0.5)
            before[pid] = processes.resident(pid)
            each.open(SOCKETS)
        found, floor = asyncio.run(_publish(container, crowd, bare_crowd))
        sizes = {pid: (processes.resident(pid) - start) / (SOCKETS - FIRST) / 1000 for pid, start in before.items()}
    arrived = len({(socket, sample) for socket, sample, _ in found})
    late, bare_late = (_p95([age for _, _, age in each]) for each in (found, floor))
    middle = statistics.median(age for _, _, age in found)
    worst = statistics.median(max(each) for each in _by(1, found).values())
    table.title(f"One container, {SOCKETS} sockets, {PASSES} passes")
    table.line("bare hub, publish to socket, p95", f"{1000 * bare_late:.0f} ms")
    name = f"publish to socket, p95 (median {1000 * middle:.0f}, the last of a pass {1000 * worst:.0f})"
    table.line(name, f"{1000 * late:.0f} ms", "at most 150 ms", met=late <= 0.150)
    table.line("arrived", f"{arrived} of {PASSES * SOCKETS}", "all", met=arrived == PASSES * SOCKETS)
    table.line("bare hub, memory of a socket", f"{sizes[bare_web]:.0f} kB")
    table.line("memory of a socket", f"{sizes[web]:.0f} kB", "at most 60 kB", met=sizes[web] <= 60)


async def _publish(container: str, crowd: Remote, bare_crowd: Remote) -> tuple[Ages, Ages]:
    """What an agent says, and the same text for the bare hub; `sampled_at` is when it was published. What arrived."""
    link, redis = await Link.open(wire.AGENTS), Redis.from_url(settings.REDIS_URL)
    here = {"type": "agent.here", "agent": link.channel, "at": time.time()}
    await link.tell(wire.WEBS, here)
    lease = await anext(message async for message in link.messages() if container in message.get("containers", ()))
    await asyncio.sleep(1.5)
    crowd.take()  # nothing but what they were greeted with
    numbers = {
        "cpu_percent": 12.34,
        "memory": {"used": 45_678_592, "limit": 134_217_728, "percent": 34.03},
        "network": {"rx": 123_456_789, "tx": 98_765_432},
        "block": {"read": 12_345_344, "write": 4_567_040},
        "pids": 7,
    }
    for _ in range(PASSES):
        at = wire.moment(timezone.now())
        await link.send(lease["web"], {"type": "statistics", "at": at, "containers": {container: numbers}})
        await asyncio.sleep(0.5)
        at = wire.moment(timezone.now())
        await redis.publish(bare.CHANNEL, outbox.statistics(at, {container: json.dumps(numbers)}))
        await link.tell(wire.WEBS, here)
        await asyncio.sleep(0.5)
    await redis.aclose()
    await asyncio.sleep(2)  # what has not arrived by now counts as lost
    return crowd.take(), bare_crowd.take()


def _many(table: Table, stage: Stage, fleet: Fleet) -> None:
    """Many containers at 1 Hz, by cgroup files and by the engine's API; and Docker's own streams of them."""
    fleet.grow(CONTAINERS)
    engine = processes.engine()
    with stage.agent(AGENT_SOURCE="cgroups") as agent:
        time.sleep(6)
        began, mine = timezone.now(), processes.cpu([agent])
        ours = _share([agent, *engine], lambda: time.sleep(SECONDS))
        own = (processes.cpu([agent]) - mine) / SECONDS / 1e9
    recorded = Sample.objects.filter(container__in=fleet.running, sampled_at__gte=began).count()
    passes = asyncio.run(_by_engine(fleet))
    peer = _share([os.getpid(), *engine], lambda: asyncio.run(_streams(fleet)))
    table.title(f"{CONTAINERS} containers that run")
    table.line("Docker's own streams of statistics: dockerd and reader", f"{peer:.1%} of a core")
    name = f"agent and dockerd by cgroup files (agent {own:.1%})"
    table.line(name, f"{ours:.1%} of a core", "at most 5 %", met=ours <= 0.05)
    table.line("recorded meanwhile", f"{recorded} of {CONTAINERS}", "all", met=recorded == CONTAINERS)
    took = statistics.median(passes)
    name = f"a pass by the engine's API, median of {ENGINE_PASSES} (longest {max(passes):.2f} s)"
    table.line(name, f"{took:.2f} s", "at most 1.5 s", met=took <= 1.5)


async def _by_engine(fleet: Fleet) -> list[float]:
    """Seconds of each pass."""
    took = []
    async with client(settings.DOCKER_HOST) as docker:
        await docker.version()
        source = Stats(lambda: docker, lambda: 2**40)
        for _ in range(ENGINE_PASSES):
            began = time.monotonic()
            found = await source.read_all(fleet.running)
            took.append(time.monotonic() - began)
            assert len(found) == len(fleet.running)
    return took


async def _streams(fleet: Fleet) -> None:
    """As `docker stats` does: one stream for each."""
    async with client(settings.DOCKER_HOST) as docker:
        await docker.version()

        async def follow(engine_id: str) -> None:
            url = f"{docker.docker_host}/{docker.api_version}/containers/{engine_id}/stats"
            async with docker.session.get(url) as answer:
                async for line in answer.content:
                    json.loads(line)

        following = [asyncio.create_task(follow(each)) for each in fleet.running.values()]
        await asyncio.sleep(PEER_SECONDS)
        assert not any(task.done() for task in following)
        for task in following:
            task.cancel()
        await asyncio.gather(*following, return_exceptions=True)


def _share(pids: list[int], meanwhile: Callable[[], object]) -> float:
    """Of one core."""
    began, before = time.monotonic(), processes.cpu(pids)
    meanwhile()
    return (processes.cpu(pids) - before) / 1e9 / (time.monotonic() - began)


def _by(field: int, found: Ages) -> dict[int | str, list[float]]:
    """The ages for each socket (0), or for each sample (1)."""
    ages: dict[int | str, list[float]] = {}
    for each in found:
        ages.setdefault(each[field], []).append(each[2])
    return ages


def _p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20, method="inclusive")[-1]


def run() -> int:
    """Prints the tables; returns how many figures were missed."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # for all programs that are started here
    table = Table()
    with Fleet.launch() as fleet:
        fleet.grow(1)
        (container,) = fleet.running
        stage = Stage(fleet)
        _watching(table, stage, container)
        _fan_out(table, stage, container)
        _many(table, stage, fleet)
    return table.missed
