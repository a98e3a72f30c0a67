"""What the agent calls: rows and counters in the database, by few statements, and right after whatever happened."""

import datetime
import uuid
from typing import Any

import pytest
from django.db import DatabaseError, connection
from django.db.models import Sum

from containers.models import Container, Template, Traffic
from monitoring.history.buckets import Counters
from monitoring.history.recording import Recorder
from monitoring.models import History, Meter
from tenants.models import Tenant
from tests.history.conftest import box
from tests.history.test_buckets import START, at, numbers

pytestmark = pytest.mark.django_db


@pytest.fixture
def two(tenant: Tenant, template: Template) -> list[str]:
    return [str(box(tenant, template, name).pk) for name in ("one", "two")]


def moved(container: str) -> int:
    return int(History.objects.filter(container=container).aggregate(sum=Sum("rx"))["sum"] or 0)


def readings(containers: list[str], rx: int) -> dict[str, Any]:
    return dict.fromkeys(containers, numbers(Counters(rx, 0, 0, 0)))


def test_every_ten_seconds_one_statement_for_all(two: list[str], django_assert_num_queries: Any) -> None:
    recorder = Recorder()
    with django_assert_num_queries(3, connection=connection):  # what is on record of those who are new
        assert recorder.take(at(0), readings(two, 100)) == 0
    with django_assert_num_queries(0, connection=connection):
        for second in range(1, 10):
            recorder.take(at(second), readings(two, 100 + second))
    with django_assert_num_queries(5, connection=connection):  # rows, counters, the month, and their transaction
        assert recorder.take(at(10), readings(two, 110)) == 2
    found = History.objects.values_list("container", "resolution", "at", "samples", "rx")
    assert sorted(map(str, two)) == sorted(str(each[0]) for each in found)
    assert {each[1:] for each in found} == {(10, START, 10, 109)}
    assert set(Meter.objects.values_list("rx", flat=True)) == {109}


def test_another_agent_goes_on_in_the_same_bucket(two: list[str]) -> None:
    first = Recorder()
    for second in range(4):
        first.take(at(second), readings(two, 10 + second))
    assert first.close() == 2
    assert moved(two[0]) == 13
    second_one = Recorder()
    for second in range(6, 10):
        second_one.take(at(second), readings(two, 20 + second))
    second_one.take(at(10), {})
    rows = History.objects.filter(container=two[0])
    assert [(row.at, row.samples, row.rx) for row in rows] == [(START, 8, 29)]
    assert Traffic.objects.get(container=two[0]).received == 29


def test_an_agent_that_was_killed_costs_samples_and_no_bytes(two: list[str]) -> None:
    killed = Recorder()
    for second in range(15):
        killed.take(at(second), readings(two, 100 + second))
    after = Recorder()
    after.take(at(17), readings(two, 200))
    after.close()
    assert moved(two[0]) == 200
    assert Traffic.objects.get(container=two[0]).received == 200
    assert History.objects.get(container=two[0], at=START + 10).samples == 1


def test_two_agents_at_once_count_nothing_twice(two: list[str]) -> None:
    agents = [Recorder(), Recorder()]
    for second in range(25):
        for agent in agents:
            agent.take(at(second), readings(two, 100 + second))
    for agent in agents:
        agent.close()
    assert moved(two[0]) == 124
    assert {row.samples for row in History.objects.all()} == {10, 5}


def test_a_container_that_was_restarted_goes_on(two: list[str]) -> None:
    recorder = Recorder()
    recorder.take(at(0), readings(two, 100))
    recorder.take(at(1), readings(two, 30))
    for second in range(2, 60):
        recorder.take(at(second), {})  # stopped, so long that its counters are forgotten here
    recorder.take(at(61), readings(two, 20))
    recorder.take(at(62), readings(two, 25))
    recorder.close()
    assert moved(two[0]) == 100 + 30 + 25


def test_a_database_that_is_away_costs_samples_and_no_bytes(two: list[str]) -> None:
    def away(*args: Any) -> None:
        raise DatabaseError("away")

    recorder = Recorder()
    for second in range(12):
        recorder.take(at(second), readings(two, 100 + second))
    with connection.execute_wrapper(away):
        for second in range(12, 45):
            if second == 20 or second > 20:  # from then on it has to write, or to know what is on record
                with pytest.raises(DatabaseError):
                    recorder.take(at(second), readings(two, 100 + second))
            else:
                recorder.take(at(second), readings(two, 100 + second))
    recorder.take(at(45), readings(two, 145))
    recorder.close()
    assert moved(two[0]) == 145
    assert set(History.objects.values_list("at", flat=True)) == {START, START + 40}


def test_a_clock_that_is_set_back_takes_nothing_away(two: list[str]) -> None:
    recorder = Recorder()
    for second in (0, 5, 12, 25, 3, 6, 14, 31):
        recorder.take(at(second), readings(two, 100))
    recorder.close()
    assert moved(two[0]) == 100
    rows = History.objects.filter(container=two[0]).order_by("at").values_list("at", "samples")
    assert list(rows) == [(START, 4), (START + 10, 2), (START + 20, 1), (START + 30, 1)]


def test_who_is_no_container_of_ours_is_left_out(two: list[str], django_assert_num_queries: Any) -> None:
    recorder, stranger = Recorder(), str(uuid.uuid4())
    recorder.take(at(0), readings([*two, stranger], 1))
    with django_assert_num_queries(0, connection=connection):
        recorder.take(at(1), readings([*two, stranger], 2))
    assert recorder.close() == 2
    assert Container.objects.count() == 2


def test_a_month_is_counted_for_itself(two: list[str]) -> None:
    january = datetime.datetime(2027, 1, 31, 23, 59, 40, tzinfo=datetime.UTC)
    recorder = Recorder()
    for second in range(40):
        recorder.take(january + datetime.timedelta(seconds=second), readings(two, 100 + second))
    recorder.close()
    other = Recorder()
    other.take(january + datetime.timedelta(seconds=41), readings(two, 150))
    other.close()
    found = Traffic.objects.filter(container=two[0]).order_by("month").values_list("month", "received", "sent")
    assert list(found) == [(datetime.date(2027, 1, 1), 119, 0), (datetime.date(2027, 2, 1), 31, 0)]
    assert moved(two[0]) == 150
