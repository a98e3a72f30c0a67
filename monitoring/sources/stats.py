"""Measures containers by the engine's API, where their cgroups are not to be seen: one call each, all of them at once.

The engine takes about a second for an answer, whatever is asked (Docker 20.10), so a pass takes as long as one call. It
says when it looked (`read`); rates go by that, and not by when the answer came.
"""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import aiohttp
from aiodocker import Docker

from monitoring.sources import Reading

PATIENCE = 5.0  # seconds for all answers of a pass
ONCE = {"stream": "0", "one-shot": "1"}


class Stats:
    """`docker`: gives the client, or raises; `memory`: bytes that the host has, which the engine names for no limit."""

    def __init__(self, docker: Callable[[], Docker], memory: Callable[[], int]) -> None:
        self._docker, self._memory = docker, memory

    async def read_all(self, running: Mapping[str, str]) -> dict[str, Reading]:
        if not running:
            return {}
        docker = self._docker()
        tasks = {ours: asyncio.create_task(self._read(docker, engine_id)) for ours, engine_id in running.items()}
        try:
            await asyncio.wait(tasks.values(), timeout=PATIENCE)
        finally:
            for task in tasks.values():
                task.cancel()
        return {ours: reading for ours, task in tasks.items() if (reading := _result(task)) is not None}

    async def _read(self, docker: Docker, engine_id: str) -> Reading | None:
        url = f"{docker.docker_host}/{docker.api_version}/containers/{engine_id}/stats"
        try:
            async with docker.session.get(url, params=ONCE) as answer:
                return reading(await answer.json(), self._memory()) if answer.status == 200 else None
        except (aiohttp.ClientError, OSError, RuntimeError, ValueError):  # gone, cut off, or the client was closed
            return None


def _result(task: asyncio.Task[Reading | None]) -> Reading | None:
    return task.result() if task.done() and not task.cancelled() else None


def reading(told: Mapping[str, Any], host_memory: int) -> Reading | None:
    """From the engine's answer; None where it says that nothing runs."""
    memory = told["memory_stats"]
    if "usage" not in memory:
        return None
    kept = memory.get("stats", {})
    cache = kept.get("total_inactive_file", kept.get("inactive_file", 0))  # cgroups v1, v2
    networks = (told.get("networks") or {}).values()
    block = told["blkio_stats"].get("io_service_bytes_recursive") or ()
    return Reading(
        at=datetime.fromisoformat(told["read"]).timestamp(),
        cpu_ns=told["cpu_stats"]["cpu_usage"]["total_usage"],
        memory_used=max(0, memory["usage"] - cache),
        memory_limit=0 if memory["limit"] >= host_memory else memory["limit"],
        network_rx=sum(one["rx_bytes"] for one in networks),
        network_tx=sum(one["tx_bytes"] for one in networks),
        block_read=sum(one["value"] for one in block if one["op"].lower() == "read"),
        block_write=sum(one["value"] for one in block if one["op"].lower() == "write"),
        pids=told["pids_stats"].get("current", 0),
    )
