"""Who came to the edge is imported whole, and once, however the log is cut, read, lost on the way or late."""

import datetime
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

from access import sharing
from access.models import Grant, Visit
from cloudflare import lines, tasks, visits
from cloudflare.client import AccessEvent
from cloudflare.models import Application, Publication, VisitCursor
from cloudflare.reconcile import names
from containers import admission, loop
from containers.models import Container
from tenants.models import AuditEvent, User
from tests.conftest import converge
from tests.parts import Cloud

pytestmark = pytest.mark.django_db

MINUTE, HOUR = datetime.timedelta(minutes=1), datetime.timedelta(hours=1)


@pytest.fixture
def box(create: Any) -> Container:
    made: Container = create()
    converge()
    return made


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers that hold five lines: borders everywhere."""
    monkeypatch.setattr(visits, "PAGE", 5)
    monkeypatch.setattr(visits, "SURE", 5)


def app_of(box: Container) -> str:
    return Application.objects.get(container=box).app_id


def told(cloud: Cloud, app: str, at: datetime.datetime, **more: Any) -> dict[str, Any]:
    row = {"app_uid": app, "created_at": at.isoformat(), "user_email": "gina@example.com", **more}
    found: dict[str, Any] = cloud.control("POST", "log", row)
    return found


def read() -> VisitCursor:
    """As beat and its worker do."""
    VisitCursor.objects.ring()
    for pk in visits.due():
        loop.run(names.VISITS, pk)
    return VisitCursor.objects.get()


def rays() -> Counter[str]:
    return Counter(Visit.objects.values_list("ray_id", flat=True))


def gaps() -> list[dict[str, Any]]:
    return list(AuditEvent.objects.filter(action="visits:gap").values_list("detail", flat=True))


def test_who_came_and_who_was_refused(box: Container, cloud: Cloud, owner: User) -> None:
    """A member, a guest, and somebody whom nobody asked in."""
    (grant,) = sharing.share(box, actor=owner, emails=["Gina@Example.com"], permission="view")
    converge()
    for email in ("alice@example.com", "gina@example.com", "charlie@example.com"):
        cloud.sign_in(email, box.hostname)
    cursor = read()
    found = {visit.email: (visit.allowed, visit.grant_id, visit.container_id) for visit in Visit.objects.all()}
    assert found == {
        "alice@example.com": (True, None, box.pk),
        "gina@example.com": (True, grant.pk, box.pk),
        "charlie@example.com": (False, None, box.pk),
    }
    visit = Visit.objects.get(email="gina@example.com")
    assert (visit.hostname, visit.action, visit.ip) == (box.hostname, "login", "127.0.0.1")
    assert cursor.reached_at == Visit.objects.latest("at").at
    assert not cursor.code


def test_lines_of_others_are_counted_and_not_kept(box: Container, cloud: Cloud) -> None:
    now = timezone.now() - MINUTE
    for seconds in range(3):
        told(cloud, "somebody-elses", now + seconds * datetime.timedelta(seconds=1))
    assert read().foreign == 3
    assert read().foreign == 3
    assert not Visit.objects.exists()


def test_an_account_without_anything_of_ours_is_not_asked(zone: Any, cloud: Cloud) -> None:
    before = len(cloud.calls())
    tasks.import_visits()
    assert not VisitCursor.objects.exists()
    assert len(cloud.calls()) == before


def test_one_call_where_nothing_happens(box: Container, cloud: Cloud) -> None:
    before = len(cloud.calls())
    cursor = read()
    assert len(cloud.calls()) == before + 1
    wait = (cursor.next_check_at - timezone.now()).total_seconds() if cursor.next_check_at else 0
    assert 30 < wait < 60


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


def test_an_application_that_is_gone_is_still_known(box: Container, cloud: Cloud, owner: User) -> None:
    app = app_of(box)
    cloud.sign_in("alice@example.com", box.hostname)
    admission.remove(box, actor=owner)
    converge()
    assert Publication.objects.get().app_id == ""
    told(cloud, app, timezone.now())
    read()
    assert Visit.objects.filter(container=box).count() == 2


def test_a_rename_has_an_application_more(box: Container, cloud: Cloud, owner: User, settings: Any) -> None:
    settings.RENAME_OVERLAP_SECONDS = 0.0
    cloud.sign_in("alice@example.com", box.hostname)
    admission.rename(box, actor=owner, name="vase")
    converge()
    renamed = Container.objects.get()
    cloud.sign_in("alice@example.com", renamed.hostname)
    read()
    assert set(Visit.objects.values_list("hostname", flat=True)) == {box.hostname, renamed.hostname}
    assert set(Visit.objects.values_list("container", flat=True)) == {box.pk}


def test_an_outage_that_is_longer_than_the_log_is_said(box: Container, cloud: Cloud) -> None:
    now, app = timezone.now(), app_of(box)
    told(cloud, app, now)
    read()
    away = now - 72 * HOUR
    Visit.objects.all().delete()
    VisitCursor.objects.update(reached_at=away, complete_at=away)
    cloud.fault(kind="status", status=403)
    assert read().code == "cloudflare_unauthorized"
    cloud.heal()
    assert gaps() == []
    read()
    read()
    (gap,) = gaps()
    assert gap["from"] == away.isoformat()
    lost_until = datetime.datetime.fromisoformat(gap["until"])
    assert abs(lost_until - (now - 24 * HOUR)) < MINUTE
    assert AuditEvent.objects.get(action="visits:gap").target == str(VisitCursor.objects.get().account)
    assert Visit.objects.count() == 1, "what is left of it is there"


def test_a_log_that_reaches_back_far_enough_has_lost_nothing(box: Container, cloud: Cloud) -> None:
    """An account that keeps its log for longer than the setting says."""
    app, known = app_of(box), timezone.now() - 20 * HOUR
    told(cloud, app, known)
    told(cloud, app, known + HOUR)
    read()
    VisitCursor.objects.update(reached_at=known, complete_at=timezone.now() - 72 * HOUR)
    read()
    assert gaps() == []
    assert Visit.objects.count() == 2


def test_a_quiet_account_is_no_outage(box: Container, cloud: Cloud) -> None:
    told(cloud, app_of(box), timezone.now() - 23 * HOUR)
    read()
    VisitCursor.objects.update(reached_at=timezone.now() - 50 * HOUR)
    read()
    assert gaps() == []


@pytest.mark.parametrize("ahead", [-2 * HOUR, 2 * HOUR])
def test_another_clock_loses_nothing(ahead: datetime.timedelta, box: Container, cloud: Cloud) -> None:
    app, now = app_of(box), timezone.now()
    for minutes in (0, 30, 20, 31):
        told(cloud, app, now + ahead + minutes * MINUTE)
        read()
        read()
    assert Visit.objects.count() == 4


def test_what_the_log_holds_is_made_to_fit(box: Container, cloud: Cloud) -> None:
    odd = {"ip_address": "nowhere", "user_email": "\0X" * 400, "app_domain": "y" * 999, "connection": "z" * 99}
    half = {"ip_address": "fe80::1%eth0", "user_email": "\ud800ΐ" * 200, "ray_id": "\udfff", "connection": "\ud800"}
    for what in (odd, half):
        told(cloud, app_of(box), timezone.now(), **what)
    assert not read().code
    first, second = Visit.objects.order_by("at")
    assert (first.ip, first.email[:2], len(first.email)) == (None, "xx", 254)
    assert (second.ip, second.ray_id, second.connection) == ("fe80::1", "", "")
    assert second.email == ("ΐ" * 200).casefold()[:254]


def test_the_grant_that_let_them_in(box: Container, cloud: Cloud, owner: User) -> None:
    """Two grants one after the other, and what happened before, between, after and just at the end of them."""
    now, app = timezone.now(), app_of(box)
    whose = {"container": box, "email": "gina@example.com", "permission": "view", "granter": "alice@example.com"}
    old = Grant.objects.create(
        created_at=now - 9 * HOUR, ended_at=now - 8 * HOUR, out_at=now - 8 * HOUR + MINUTE, **whose
    )
    new = Grant.objects.create(created_at=now - 4 * HOUR, **whose)
    cases = {
        (-600, True): None,
        (-540, True): old.pk,
        (-500, True): old.pk,
        (-479.5, True): old.pk,  # ended, and the edge did not know yet
        (-479.4, False): None,  # ended, and the edge did
        (-400, False): None,
        (-241, True): new.pk,  # another clock
        (-100, True): new.pk,
        (-90, False): new.pk,  # refused although it was open
    }
    for minutes, allowed in cases:
        told(cloud, app, now + minutes * MINUTE, allowed=allowed, user_email="GINA@example.com")
    told(cloud, app, now, user_email="hugo@example.com")
    Application.objects.update(noted_at=now - 20 * HOUR)
    read()
    found = {
        (round((visit.at - now) / MINUTE, 1), visit.allowed): visit.grant_id
        for visit in Visit.objects.filter(email="gina@example.com")
    }
    assert found == cases
    assert Visit.objects.get(email="hugo@example.com").grant is None
