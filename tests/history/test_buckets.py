"""From readings to rows: nothing that was moved is lost or counted twice, whatever stops, starts or pauses."""

import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitoring.history.buckets import ZERO, Buckets, Counters, Known, begun
from monitoring.history.rows import Row

START = 1_800_000_000
NAMES = ("one", "two")


def at(second: int) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(START + second, datetime.UTC)


def numbers(counters: Counters = ZERO, cpu: float | None = 50.0, memory: int = 1000, pids: int = 3) -> dict[str, Any]:
    return {
        "cpu_percent": cpu,
        "memory": {"used": memory, "limit": 4000, "percent": 25.0},
        "network": {"rx": counters.rx, "tx": counters.tx},
        "block": {"read": counters.read, "write": counters.write},
        "pids": pids,
    }


class Agent:
    """Takes readings in and keeps what comes of them, as the recorder does in a database."""

    def __init__(self) -> None:
        self.buckets = Buckets()
        self.rows: dict[tuple[str, int], Row] = {}
        self.known: dict[str, Known] = {}

    def keep(self, over: list[Any]) -> None:
        for name, start, row, known in over:
            self.rows[name, start] = row
            self.known[name] = known

    def take(self, second: int, readings: dict[str, dict[str, Any]]) -> None:
        self.keep(self.buckets.turn(at(second)))
        for name in self.buckets.unknown(readings):
            stored = self.rows.get((name, begun(at(second))))
            row = stored and Row(**stored.columns())
            self.buckets.learn(name, self.known.get(name, Known()), row)
        self.buckets.take(readings)

    def stop(self) -> None:
        self.keep(self.buckets.close())
        self.kill()

    def kill(self) -> None:
        self.buckets = Buckets()


def test_a_row_is_average_most_and_sum() -> None:
    agent = Agent()
    for second in range(10):
        counters = Counters(100 * (second + 1), second, 0, 7)
        cpu = None if second == 0 else float(second)
        agent.take(second, {"one": numbers(counters, cpu, memory=1000 + second, pids=second)})
    assert agent.rows == {}, "the bucket is not over"
    agent.take(10, {})
    row = agent.rows["one", START]
    assert (row.samples, row.cpu_max, row.memory_max, row.pids) == (10, 9.0, 1009, 9)
    assert row.cpu == pytest.approx(5.0)
    assert row.columns()["memory"] == 1004
    assert (row.rx, row.tx, row.read, row.write) == (1000, 9, 0, 7)


def test_where_nothing_was_measured_there_is_no_row() -> None:
    agent = Agent()
    agent.take(0, {"one": numbers()})
    agent.take(35, {"one": numbers(), "two": numbers()})
    agent.take(40, {})
    assert set(agent.rows) == {("one", START), ("one", START + 30), ("two", START + 30)}


def test_who_went_away_is_forgotten() -> None:
    agent = Agent()
    for second in range(0, 1000, 5):
        agent.take(second, {f"box {second}": numbers(Counters(9, 9, 9, 9))})
    assert len(agent.buckets._known) <= 4
    agent.take(1000, {"box 0": numbers(Counters(10, 10, 10, 10))})
    agent.stop()
    assert agent.rows["box 0", START + 1000].rx == 1, "what was counted of it is on record"


MOVED = st.tuples(*[st.integers(0, 2**40)] * 4).map(Counters._make)
EVENTS = st.lists(
    st.tuples(
        st.sampled_from([1, 1, 1, 2, 9, 10, 61]),  # seconds since the one before
        st.sampled_from(["", "", "", "", "stop", "kill"]),  # what becomes of the agent first
        st.tuples(*[st.none() | st.tuples(st.booleans(), MOVED)] * len(NAMES)),  # not seen, or restarted and moved
    ),
    max_size=40,
)


@settings(max_examples=150, deadline=None)
@given(events=EVENTS)
def test_what_the_rows_sum_up_to_is_what_the_counters_moved(events: Any) -> None:
    agent, second, readings = Agent(), 0, 0
    counters, moved = dict.fromkeys(NAMES, ZERO), dict.fromkeys(NAMES, ZERO)
    for pause, end, seen in [*events, (1, "", [(False, ZERO)] * len(NAMES))]:
        second += pause
        if end:
            getattr(agent, end)()
        known = {}
        for name, what in zip(NAMES, seen, strict=True):
            if what is None:
                continue
            restarted, more = what
            before = counters[name]
            if restarted:  # begins anew, and has not come as far as it had been
                more = Counters(*(new % old if old else new for new, old in zip(more, before, strict=True)))
                before = ZERO
            counters[name] = Counters(*map(sum, zip(before, more, strict=True)))
            moved[name] = Counters(*map(sum, zip(moved[name], more, strict=True)))
            known[name] = numbers(counters[name], memory=second)
            readings += 1
        agent.take(second, known)
    agent.stop()
    killed = any(end == "kill" for _, end, _ in events)
    restarted = any(what and what[0] for _, _, seen in events for what in seen)
    for name in NAMES:
        rows = [row for (container, _), row in agent.rows.items() if container == name]
        total = [sum(getattr(row, field) for row in rows) for field in ZERO._fields]
        assert agent.known[name].received == total[0]
        assert agent.known[name].sent == total[1]
        if killed and restarted:  # what a container moved in the last seconds before both, nobody can know
            assert all(counted <= real for counted, real in zip(total, moved[name], strict=True))
        else:
            assert total == list(moved[name])
        assert all(1 <= row.samples <= 10 and 0 <= row.memory <= second for row in rows)
    assert all(start % 10 == 0 for _, start in agent.rows)
    assert killed or sum(row.samples for row in agent.rows.values()) == readings
