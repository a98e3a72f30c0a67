"""Numbers go to whoever leased them, for as long as they say so; on record goes everything."""

import asyncio
from collections.abc import Callable

import pytest

from monitoring.agent import Agent
from monitoring.live import wire
from monitoring.models import Sample
from tests.agent.conftest import Run, Web, until, until_in_database, web_process


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
async def test_numbers_for_watchers_and_for_the_record(
    agent: Agent, web: Web, run: Run, boxes: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "LEASE", 2.0)
    one, two = await agent.in_database(lambda: (boxes("one"), boxes("two")))
    held: list[tuple[str, frozenset[str]]] = []
    agent.leases.hear(lambda name, streams: held.append((name, streams)))
    await run(one, "while :; do :; done", cpu_period=100_000, cpu_quota=20_000, mem_limit="32m")
    await run(two, "sleep 100")
    await run("", "sleep 100")  # no row knows it
    async with web_process() as other:
        await web.lease(one, streams=("s",))
        await other.lease(one, two)
        await until(lambda: len(web.of("statistics")) > 1 and len(other.of("statistics")) > 1)
        assert {frozenset(message["containers"]) for message in web.of("statistics")} == {frozenset([one])}
        assert set(other.of("statistics")[-1]["containers"]) == {one, two}
        told = web.of("statistics")[-1]
        assert told["at"].endswith("Z")
        numbers = told["containers"][one]
        assert 10 < numbers["cpu_percent"] < 30
        assert numbers["memory"]["limit"] == 32 * 1024**2
        assert numbers["memory"]["percent"] == round(numbers["memory"]["used"] / (32 * 1024**2) * 100, 2)
        assert numbers["pids"] == 2
        assert numbers["network"] == {"rx": 0, "tx": 0}

        await other.lease()
        await until(lambda: (web.link.channel, frozenset()) in held, 4)
        assert agent.leases.watched() == {}
        await asyncio.sleep(0.2)  # for what is still under way
        web.heard.clear()
        other.heard.clear()
        await asyncio.sleep(1.2)
        assert web.of("statistics") == other.of("statistics") == []
    assert held == [
        (web.link.channel, frozenset(["s"])),
        (other.link.channel, frozenset()),
        (other.link.channel, frozenset()),
        (web.link.channel, frozenset()),
    ]
    await until_in_database(
        agent, lambda: {str(pk) for pk in Sample.objects.values_list("pk", flat=True)} == {one, two}
    )


def test_a_web_process_of_which_no_lease_ever_came(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "LEASE", 0.0)
    agent, held = Agent(), list[tuple[str, frozenset[str]]]()
    agent.leases.hear(lambda web, streams: held.append((web, streams)))
    agent.leases.expect("web")
    agent.leases.expire()
    assert held == [("web", frozenset())]
