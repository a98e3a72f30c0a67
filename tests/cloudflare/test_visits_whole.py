"""Every visit is imported once, however the log is cut, ordered, read or lost on the way."""

import random
import threading
from collections import Counter
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from cloudflare import lines, visits
from cloudflare.client import AccessEvent
from cloudflare.models import VisitCursor
from cloudflare.reconcile import names
from containers import loop
from containers.models import Container
from tests.cloudflare.visiting import MINUTE, app_of, gaps, rays, read, told
from tests.conftest import converge
from tests.parts import Cloud

pytestmark = pytest.mark.django_db


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers that hold five lines: borders everywhere."""
    monkeypatch.setattr(visits, "PAGE", 5)
    monkeypatch.setattr(visits, "SURE", 5)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("seed", range(4))
def test_late_out_of_order_cut_anywhere_and_read_twice(
    seed: int, box: Container, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lines get into the log in any order, many of one moment; passes break off in the middle of a page, or between
    two. At the end every line is there once.
    """
    chance, app, begin = random.Random(seed), app_of(box), timezone.now() - 10 * MINUTE
    # As many of one moment as two answers hold together, less the one in which they have to meet.
    moments = [begin + n // chance.choice((3, 9)) * MINUTE / 10 for n in range(36)]
    moments = [at for number, at in enumerate(moments) if moments[:number].count(at) < 9]
    expected: Counter[str] = Counter()
    keep = visits.visits.keep

    def breaking(rows: Any) -> None:
        keep(rows)
        if chance.random() < 0.3:
            raise RuntimeError("the worker was killed before the page was committed")

    monkeypatch.setattr(visits.visits, "keep", breaking)
    while moments:
        for _ in range(chance.randint(0, 12)):
            if moments:
                at = moments.pop(chance.randrange(len(moments)))
                ours = chance.random() < 0.8
                expected[told(cloud, app if ours else "other", at)["ray_id"]] += ours
        if chance.random() < 0.3:
            # The next page but one or two is refused; the pass is over, and goes on from there another time.
            cloud.fault(kind="status", status=403, path="access_requests", skip=chance.randint(0, 2), times=1)
        read()
        cloud.heal()
    monkeypatch.setattr(visits.visits, "keep", keep)
    assert not read().code
    assert rays() == +expected
    assert gaps() == []


@pytest.mark.usefixtures("small")
def test_more_lines_of_one_moment_than_an_answer_holds(box: Container, cloud: Cloud) -> None:
    at, app = timezone.now() - MINUTE, app_of(box)
    expected = Counter(told(cloud, app, at)["ray_id"] for _ in range(9))
    expected[told(cloud, app, at + MINUTE)["ray_id"]] += 1
    read()
    assert rays() == expected, "nine are read from both ends"
    assert gaps() == []


@pytest.mark.usefixtures("small")
def test_a_moment_that_cannot_be_read_whole_is_said_once(box: Container, cloud: Cloud) -> None:
    at, app = timezone.now() - MINUTE, app_of(box)
    for _ in range(12):
        told(cloud, app, at)
    last = told(cloud, app, at + MINUTE)["ray_id"]
    for _ in range(3):
        read()
    assert len(rays()) == 11
    assert last in rays()
    assert [gap["from"] for gap in gaps()] == [at.isoformat()]


@pytest.mark.usefixtures("small")
def test_people_at_the_door_without_a_ray_are_each_counted(box: Container, cloud: Cloud) -> None:
    """Equal in everything there is, across the borders of answers; a line with a ray that is told twice is one."""
    at, app = timezone.now() - MINUTE, app_of(box)
    for _ in range(3):
        told(cloud, app, at - MINUTE)
    for _ in range(4):
        told(cloud, app, at, ray_id="")
    for _ in range(2):
        told(cloud, app, at + MINUTE, ray_id="same")
    for _ in range(3):
        read()
    assert rays()[""] == 4
    assert rays()["same"] == 1
    assert sum(rays().values()) == 8


@hypothesis_settings(
    max_examples=60,
    deadline=None,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_what_identifies_a_line(data: st.DataObject) -> None:
    """Whatever differs in a line makes it another; the same lines in any order, in any answers, are the same rows."""
    at = st.sampled_from([timezone.now().replace(microsecond=n) for n in (0, 1)])
    line = st.builds(
        AccessEvent,
        action=st.sampled_from(["login", "logout"]),
        allowed=st.booleans(),
        app_uid=st.sampled_from(["app", "web", "other"]),
        app_domain=st.sampled_from(["a.example", "b.example"]),
        email=st.sampled_from(["gina@example.com", "hugo@example.com"]),
        ip=st.sampled_from(["192.0.2.1", "", "::1"]),
        ray_id=st.sampled_from(["", "r1", "r2"]),
        created_at=at,
        connection=st.just("onetimepin"),
    )
    log = data.draw(st.lists(line, max_size=12))
    again = data.draw(st.permutations(log))
    ours = {"app": 1, "web": 2}
    first = [visit.pk for visit in lines.visits("account", log, ours)]
    assert Counter(first) == Counter(visit.pk for visit in lines.visits("account", again, ours))
    mine = [one for one in log if one.app_uid in ours]
    # A ray is one request, from one address.
    with_ray = {(r.ray_id, r.created_at, r.app_uid, r.action, r.allowed, r.email) for r in mine if r.ray_id}
    assert len(set(first)) == len(with_ray) + sum(not one.ray_id for one in mine)
    for cut in range(len(log)):
        part = {visit.pk for visit in lines.visits("account", log[:cut], ours)}
        assert part <= set(first), "an answer that was cut short holds no row of its own"


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
@pytest.mark.usefixtures("small")
def test_two_importers_at_once_do_no_harm(create: Any, cloud: Cloud, settings: Any) -> None:
    """The lease keeps them apart; with one that has run out they read the same, and it is stored once."""
    boxes = [create(f"box{number}") for number in range(2)]
    converge()
    begin = timezone.now() - 10 * MINUTE
    expected: Counter[str] = Counter()
    for number in range(30):
        app = app_of(boxes[number % 2])
        expected[told(cloud, app, begin + number // 7 * MINUTE)["ray_id"]] += 1
    visits.due()
    settings.LEASE_SECONDS = 0.0
    failed: list[BaseException] = []

    def importer() -> None:
        try:
            for _ in range(4):
                VisitCursor.objects.ring()
                loop.run(names.VISITS, VisitCursor.objects.get().pk)
        except BaseException as exc:
            failed.append(exc)
        finally:
            connection.close()

    threads = [threading.Thread(target=importer) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    settings.LEASE_SECONDS = 30.0
    VisitCursor.objects.update(lease_until=None)
    assert not read().code
    assert rays() == expected
