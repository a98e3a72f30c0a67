"""A container that makes things happen without end: they are told at a pace, and its row is woken at another."""

import asyncio
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from monitoring.agent import Agent, events
from monitoring.agent.engine import Happened
from monitoring.agent.events import Events
from monitoring.agent.pacing import Pace
from tests.agent.conftest import until


def test_each_key_has_its_own_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: clock[0])
    pace = Pace(rate=2, burst=3)
    assert [pace.allows("one") for _ in range(5)] == [True, True, True, False, False]
    assert pace.allows("two")
    clock[0] += 0.5
    assert [pace.allows("one") for _ in range(2)] == [True, False]
    assert pace.refused() == {"one": 3}
    clock[0] += 60
    assert pace.refused() == {}
    assert pace._left == {}
    assert [pace.allows("one") for _ in range(4)] == [True, True, True, False]


class Heard(Agent):
    """One that puts down what its parts say and write."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[str] = []

    async def tell(self, message: dict[str, Any]) -> bool:
        self.told.append(message["event"])
        return True

    async def in_database(self, work: Callable[[], Any]) -> Any:
        return work()


async def test_a_flood_is_told_in_part_and_its_end_is_not_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[tuple[int, int]] = []
    monkeypatch.setattr(events, "WOKEN", (4.0, 2))
    monkeypatch.setattr(events, "note", lambda batch, woken: written.append((len(batch), len(woken))))
    monkeypatch.setattr(events, "survey", lambda: None)
    agent = Heard()
    part, container = Events(agent), str(uuid.uuid4())
    running = asyncio.create_task(part.run())
    for _ in range(10):
        for _ in range(20):
            part._happened(Happened(container, "id", "oom", datetime.now(UTC), None))
        await asyncio.sleep(0.02)
    part._happened(Happened(container, "id", "die", datetime.now(UTC), 137))
    await until(lambda: not part._due)
    running.cancel()
    assert agent.told[-1] == "died", "what happens seldom is told whatever else there is"
    assert agent.told.count("oom") == 30
    assert sum(kept for kept, _ in written) == 31
    assert 2 <= sum(woken for _, woken in written) <= 5, "not for each, and once more at the end"
