"""Cgroup files and the engine's API tell the same of one container under known load."""

import asyncio
import logging
import os
import time
from pathlib import Path
from typing import Any

import docker
import pytest

from monitoring.agent.engine import Engine
from monitoring.agent.measuring import numbers
from monitoring.agent.transport import client
from monitoring.sources import Reading
from monitoring.sources.auto import Auto
from monitoring.sources.cgroups import Cgroups
from monitoring.sources.stats import Stats
from tests.agent.conftest import BUSYBOX, Run
from tests.parts import slowness

MIB = 1024**2
LOAD = f"""
{BUSYBOX} dd if=/dev/zero of=/dev/shm/hog bs=1M count=30 2>/dev/null
while :; do :; done
"""
TASKS = f"""
{BUSYBOX} dd if=/dev/zero of=/written bs=1M count=8 oflag=direct 2>/dev/null &
{BUSYBOX} wget -q -O - http://server:9000/file | {BUSYBOX} wc -c
wait
"""


async def both(stats: Stats, cgroups: Cgroups, engine_id: str) -> tuple[Reading, Reading]:
    """What the API says, and what the files said at the moment that it speaks of."""
    asking = asyncio.create_task(stats.read_all({"box": engine_id}))
    offset, files = time.time() - time.monotonic(), list[Reading]()
    while not asking.done():
        files.append(cgroups.read(engine_id))
        await asyncio.sleep(0.005)
    told = asking.result()["box"]
    return told, min(files, key=lambda reading: abs(reading.at + offset - told.at))


async def test_both_agree_within_two_percent(docker_mark: str, run: Run) -> None:
    api = docker.from_env()
    network = api.networks.create(docker_mark, labels={"warren.installation": docker_mark}, internal=True)
    serve = f"{BUSYBOX} dd if=/dev/zero of=/dev/shm/file bs=1M count=16; {BUSYBOX} httpd -f -p 9000 -h /dev/shm"
    await run("", serve, name=f"{docker_mark}-server", hostname="server", network_mode=None, network=network.name)
    # Since Linux 6.10, version 1 counts a disk's bytes once there is any limit on it; here one that nobody meets.
    limit = [{"Path": _disk(), "Rate": 10**12}]
    options = {
        "cpu_period": 100_000,
        "cpu_quota": 20_000,
        "mem_limit": "64m",
        "network_mode": None,
        "device_write_bps": limit,
        "user": "0",
    }
    links = {"network": network.name, "extra_hosts": {"server": _address(api, f"{docker_mark}-server")}}
    box = await run("", LOAD, **options, **links)
    async with client("") as engine:
        await engine.version()
        stats, cgroups = Stats(lambda: engine, lambda: 2**60), Cgroups()
        before = await both(stats, cgroups, box.id)
        done = await asyncio.to_thread(box.exec_run, [BUSYBOX, "sh", "-c", TASKS])
        assert done.output.decode().split()[-1] == str(16 * MIB)
        await asyncio.sleep(4)  # beside it the hundredths of a second are little by which the two look apart
        now = await both(stats, cgroups, box.id)
    by_api, by_files = numbers(before[0], now[0]), numbers(before[1], now[1])

    for number in ("rx", "tx"):
        assert by_files["network"][number] == pytest.approx(by_api["network"][number], rel=0.02)
    assert by_files["network"]["rx"] - before[1].network_rx == pytest.approx(16 * MIB, rel=0.02)
    assert by_files["block"]["write"] == pytest.approx(by_api["block"]["write"], rel=0.02)
    assert by_files["block"]["write"] - before[1].block_write == pytest.approx(8 * MIB, rel=0.02)
    assert by_files["cpu_percent"] == pytest.approx(by_api["cpu_percent"], rel=0.02)
    assert 10 < by_files["cpu_percent"] < 25
    assert by_files["memory"]["used"] == pytest.approx(by_api["memory"]["used"], rel=0.02)
    assert 30 * MIB < by_files["memory"]["used"] < 36 * MIB
    assert by_files["memory"]["limit"] == by_api["memory"]["limit"] == 64 * MIB
    assert by_files["pids"] == by_api["pids"]


def _disk() -> str:
    """What the engine's files are on."""
    device = os.stat(docker.from_env().info()["DockerRootDir"]).st_dev
    said = Path(f"/sys/dev/block/{os.major(device)}:{os.minor(device)}/uevent").read_text()
    return "/dev/" + said.partition("DEVNAME=")[2].split()[0]


def _address(api: Any, name: str) -> str:
    (network,) = api.containers.get(name).attrs["NetworkSettings"]["Networks"].values()
    return str(network["IPAddress"])


async def test_where_cgroups_are_not_to_be_seen(
    docker_mark: str, run: Run, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The engine is asked instead, for all at once, and that is said once."""
    boxes = await asyncio.gather(*(run("", "sleep 100") for _ in range(4)))
    ids = {str(number): box.id for number, box in enumerate(boxes)}
    caplog.set_level(logging.WARNING)
    async with client("") as engine:
        await engine.version()
        memory = (await engine.system.info())["MemTotal"]
        auto = Auto(Cgroups(tmp_path), Stats(lambda: engine, lambda: memory), lambda: True)
        assert await auto.read_all({}) == {}
        assert await auto.read_all(ids) == await auto.read_all(ids) == {}
        began = time.monotonic()
        found = await auto.read_all({**ids, "gone": "f" * 64})
        assert time.monotonic() - began < 2.5 * slowness()
        assert set(found) == set(ids)
        assert [reading.memory_limit for reading in found.values()] == [0] * 4, "the host's memory is no limit"
        assert [record.message.split(":")[0] for record in caplog.records] == [
            "the containers' cgroups are not to be seen here"
        ]


async def test_an_engine_that_is_away_says_nothing_about_cgroups(tmp_path: Path) -> None:
    engine = Engine()
    auto = Auto(Cgroups(tmp_path), Stats(lambda: engine.docker, lambda: 0), lambda: engine.here)
    for _ in range(5):
        assert await auto.read_all({"box": "f" * 64}) == {}
