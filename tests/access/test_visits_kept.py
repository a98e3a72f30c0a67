"""For how long visits are kept, and the grant that each is counted to."""

from typing import Any

import pytest

from access import tasks, visits
from access.models import Grant, Visit
from access.visits import pruning
from access.visits.ties import Span, grant_of
from containers.models import Container
from tenants.models import AuditEvent
from tests.access.visiting import DAY, MINUTE, NOW, came, given

pytestmark = pytest.mark.django_db


def test_when_each_grant_last_let_somebody_in(box: Container, django_assert_num_queries: Any) -> None:
    gina, hugo = given(box, "gina@example.com", "view"), given(box, "hugo@example.com", "view")
    for minutes in (9, 5, 7):
        came(box, minutes, grant=gina)
    came(box, 1, grant=gina, allowed=False)
    with django_assert_num_queries(1):
        last = {grant.pk: grant.last_visit for grant in visits.with_last(Grant.objects.all())}
    assert last == {gina.pk: NOW - 5 * MINUTE, hugo.pk: None}


def test_a_grant_that_was_given_again(box: Container) -> None:
    """The nearest in time; of two at once the later one, which is the one that holds."""
    first = Span("first", NOW - 2 * DAY, NOW - DAY, None)
    second = Span("second", NOW - DAY, None, None)
    assert grant_of(NOW - DAY, True, [first, second]) == "second"
    assert grant_of(NOW - DAY - MINUTE, True, [first, second]) == "first"
    assert grant_of(NOW - 3 * DAY, True, [first, second]) is None
    assert grant_of(NOW, True, [first]) == "first", "nobody has seen yet that the edge holds them out"
    assert grant_of(NOW, False, [first]) is None


def test_what_is_old_goes_in_parts_and_that_is_on_record(
    box: Container, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pruning, "_BATCH", 2)
    for days in (0, 29, 31, 32, 33, 34, 35):
        came(box, days, at=NOW - days * DAY)
    settings.VISITS_DAYS = 0
    tasks.prune_visits()
    assert Visit.objects.count() == 7
    settings.VISITS_DAYS = 30
    tasks.prune_visits()
    tasks.prune_visits()
    assert set(Visit.objects.values_list("ray_id", flat=True)) == {"ray0", "ray29"}
    parts = AuditEvent.objects.filter(action="visits:prune").order_by("pk").values_list("detail__rows", flat=True)
    assert list(parts) == [2, 2, 1], "each with what it took, whatever becomes of the next"
