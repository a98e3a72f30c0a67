"""Coarse rows from fine ones: the same whatever ran when, how often, at once or half; nothing goes uncounted."""

import threading
from collections import defaultdict
from contextlib import contextmanager, suppress
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from monitoring import tasks
from monitoring.history import LEVELS, rolling
from monitoring.history.rows import FIELDS, Row
from monitoring.models import History
from tests.history.conftest import NOW, box, row

pytestmark = pytest.mark.django_db
Stored = dict[tuple[str, int], Row]


def stored(resolution: int) -> Stored:
    rows = History.objects.filter(resolution=resolution).values_list("container", "at", *FIELDS)
    return {(str(container), at): Row(*values) for container, at, *values in rows}


def merged(rows: Stored, resolution: int) -> Stored:
    """What `rolling` should come to."""
    groups: dict[tuple[str, int], list[Row]] = defaultdict(list)
    for (container, at), each in sorted(rows.items()):
        groups[container, at // resolution * resolution].append(each)
    found = {}
    for key, (first, *others) in groups.items():
        found[key] = Row(*(getattr(first, name) for name in FIELDS))
        for other in others:
            found[key].add(other)
    return found


def same(found: Stored, wanted: Stored) -> None:
    assert set(found) == set(wanted)
    for key, each in wanted.items():
        assert found[key].cpu == pytest.approx(each.cpu), key
        assert found[key].memory == pytest.approx(each.memory, abs=2), key  # bytes, cut off twice
        for name in set(FIELDS) - {"cpu", "memory"}:
            assert getattr(found[key], name) == getattr(each, name), (key, name)


def test_ten_seconds_become_minutes_and_quarters_of_an_hour(boxes: list[UUID]) -> None:
    one, two = boxes
    fine = [row(one, NOW - 900 + 10 * n, rx=n, cpu=float(n), cpu_max=n + 1.0, memory=n) for n in range(90)]
    # It ran for 7 seconds, was measured twice and compared once.
    fine.append(row(two, NOW - 70, samples=2, cpu_samples=1, cpu=10.0, memory=7, rx=100))
    fine.append(row(two, NOW - 60, samples=1, cpu_samples=0, cpu=None, cpu_max=None, memory=1, rx=10))
    fine.append(row(two, NOW - 50, samples=1, cpu_samples=1, cpu=40.0, memory=4, rx=1))
    History.objects.bulk_create(fine)
    rolling.roll_up(NOW + rolling.LATE)
    assert len(stored(60)) == 15 + 2
    minute = stored(60)[str(two), NOW - 60]
    assert (minute.samples, minute.cpu_samples, minute.cpu, minute.memory, minute.rx) == (2, 1, 40.0, 2, 11)
    assert len(stored(900)) == 2
    quarter = stored(900)[str(one), NOW - 900]
    assert (quarter.samples, quarter.rx, quarter.tx, quarter.memory) == (900, sum(range(90)), 180, 44)
    assert quarter.cpu == pytest.approx(44.5)
    assert (quarter.cpu_max, quarter.memory_max, quarter.pids) == (90.0, 2000, 3)
    assert stored(900)[str(two), NOW - 900].cpu == pytest.approx(25.0)


def test_what_is_not_over_is_not_rolled_up(boxes: list[UUID]) -> None:
    History.objects.bulk_create([row(boxes[0], NOW), row(boxes[0], NOW + 60)])
    rolling.roll_up(NOW + 60)
    assert stored(60) == {}, "its last rows may be on their way"
    rolling.roll_up(NOW + 60 + rolling.LATE)
    assert set(stored(60)) == {(str(boxes[0]), NOW)}
    assert stored(900) == {}
    rolling.roll_up(NOW + 899 + rolling.LATE)
    assert len(stored(60)) == 2
    assert stored(900) == {}
    rolling.roll_up(NOW + 900 + rolling.LATE)
    assert stored(900)[str(boxes[0]), NOW].samples == 20


def test_rows_that_come_late_are_taken_in(boxes: list[UUID]) -> None:
    one, two = boxes
    row(one, NOW).save()
    rolling.roll_up(NOW + 1000)
    row(one, NOW + 10, rx=5).save()
    row(two, NOW + 20).save()
    row(one, NOW - 600).save()
    rolling.roll_up(NOW + 1000)
    assert (str(one), NOW - 600) in stored(60)
    assert (str(one), NOW - 900) in stored(900)
    assert stored(60)[str(one), NOW].rx == stored(900)[str(one), NOW].rx == 6
    assert (str(two), NOW) in stored(900)
    row(one, NOW - 7200, rx=7).save()  # so late that only the hour's look at everything sees it
    rolling.roll_up(NOW + 1000)
    assert len(stored(60)) == 3
    assert rolling.prune(NOW + 1000) == 0, "what was not rolled up stays"
    rolling.roll_up(NOW + 1000, whole=True)
    assert stored(60)[str(one), NOW - 7200].rx == 7
    assert rolling.prune(NOW + 1000) == 1


def test_a_row_whose_fine_ones_have_gone_in_part_stays(boxes: list[UUID]) -> None:
    History.objects.bulk_create([row(boxes[0], NOW + at) for at in range(0, 60, 10)])
    rolling.roll_up(NOW + 80)
    assert rolling.prune(NOW + 3600 + 30) == 3
    rolling.roll_up(NOW + 3600 + 30, whole=True)
    assert stored(60)[str(boxes[0]), NOW].samples == 60


def test_what_was_away_for_hours_catches_up(boxes: list[UUID]) -> None:
    History.objects.bulk_create([row(boxes[0], NOW + at) for at in range(0, 6 * 3600, 10)])
    rolling.roll_up(NOW + 100)
    rolling.roll_up(NOW + 6 * 3600 + rolling.LATE)
    assert (len(stored(60)), len(stored(900))) == (360, 24)
    assert {each.samples for each in stored(900).values()} == {900}
    rolling.prune(NOW + 6 * 3600)
    assert len(stored(10)) == 360


def test_rows_are_kept_as_long_as_they_are_of_use(boxes: list[UUID], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rolling, "_BATCH", 2)
    rows = [row(boxes[0], NOW - kept + age, level) for level, kept in LEVELS.items() for age in (-1800, -900, 0)]
    rows += [row(boxes[0], each.at // over * over, over) for each in rows for over in LEVELS if over > each.resolution]
    History.objects.bulk_create(rows, ignore_conflicts=True)
    assert rolling.prune(NOW) == 6
    for level, kept in LEVELS.items():
        assert min(at for _, at in stored(level)) == NOW - kept or level != 900
        assert (str(boxes[0]), NOW - kept) in stored(level)


def test_the_work_is_not_more_for_more_containers(boxes: list[UUID], django_assert_num_queries: Any) -> None:
    History.objects.bulk_create([row(each, NOW + at) for each in boxes for at in (0, 10, 900)])
    with django_assert_num_queries(4, connection=connection):  # where to begin, and one statement, for each level
        rolling.roll_up(NOW + 2000)


class _Killed(Exception):
    pass


@contextmanager
def killed(after: int) -> Any:
    """Whoever works on the database ends after so many statements."""
    left = after

    def execute(run: Any, *args: Any) -> Any:
        nonlocal left
        left -= 1
        if left < 0:
            raise _Killed
        return run(*args)

    with suppress(_Killed), connection.execute_wrapper(execute):
        yield


WORK = st.lists(
    st.tuples(
        st.sampled_from([0, 60, 600]),  # seconds that pass first
        st.sampled_from([rolling.roll_up, rolling.prune, lambda now: rolling.roll_up(now, whole=True)]),
        st.none() | st.integers(0, 5),  # statements after which it is killed
    ),
    min_size=1,
    max_size=12,
)
FINE = st.lists(
    st.tuples(
        st.integers(0, 1),
        st.integers(0, 540),  # which stretch of ten seconds
        st.integers(1, 10),  # samples
        st.none() | st.integers(0, 400),  # CPU
        st.integers(0, 2**40),  # bytes
        st.integers(0, 300),  # seconds that it comes late
    ),
    max_size=60,
    unique_by=lambda each: each[:2],
)


@pytest.fixture
def in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is dropped goes by so few rows that a coarse row may lose some of its fine ones."""
    monkeypatch.setattr(rolling, "_BATCH", 3)


@pytest.mark.usefixtures("in_parts")
@settings(
    max_examples=20,
    deadline=None,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(fine=FINE, work=WORK)
def test_in_any_order_any_number_of_times_killed_anywhere(boxes: list[UUID], fine: Any, work: Any) -> None:
    History.objects.all().delete()
    coming = []
    for which, stretch, samples, cpu, size, late in fine:
        at, compared = NOW + stretch * 10, 0 if cpu is None else samples
        facts = {"cpu": cpu, "cpu_max": cpu, "memory": size, "memory_max": size, "rx": size, "write": size}
        made = row(boxes[which], at, samples=samples, cpu_samples=compared, **facts)
        coming.append((at + 10 + late, made))
    every: Stored = {
        (str(made.container_id), made.at): Row(*(getattr(made, name) for name in FIELDS)) for _, made in coming
    }
    now = NOW
    for passed, run, ends in [*work, (9000, lambda now: None, None)]:
        now += passed
        History.objects.bulk_create([made for due, made in coming if due <= now])
        coming = [each for each in coming if each[0] > now]
        if ends is None:
            run(now)
        else:
            with killed(ends):
                run(now)
    rolling.roll_up(now, whole=True)
    minutes = merged(every, 60)
    same(stored(60), minutes)
    same(stored(900), merged(minutes, 900))
    rolling.prune(now)
    rolling.roll_up(now, whole=True)
    same(stored(60), minutes)
    same(stored(900), merged(minutes, 900))


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_at_the_same_time(tenant: Any, template: Any) -> None:
    containers = [box(tenant, template, f"box-{n}") for n in range(8)]
    rows = [row(each, NOW + at, rx=at) for each in containers for at in range(0, 3600, 10)]
    History.objects.bulk_create(rows)
    failed: list[BaseException] = []

    def work() -> None:
        try:
            rolling.roll_up(NOW + 9000, whole=True)
            rolling.prune(NOW + 9000)
        except BaseException as exc:
            failed.append(exc)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert stored(10) == {}
    assert len(stored(60)) == 8 * 60
    assert sum(each.rx for each in stored(900).values()) == sum(each.rx for each in rows)


def test_the_tasks_do_it(tenant: Any, template: Any) -> None:
    made = box(tenant, template)
    row(made, NOW - 24 * 3600 * 900).save()  # long ago
    tasks.roll_up()
    assert History.objects.count() == 3
    tasks.prune()
    assert History.objects.count() == 0
