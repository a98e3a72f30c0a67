"""The log after an outage, a quiet time, or by another clock: what is lost is said, and nothing else is."""

import datetime

import pytest
from django.utils import timezone

from access.models import Visit
from cloudflare.models import VisitCursor
from containers.models import Container
from tenants.models import AuditEvent
from tests.cloudflare.visiting import HOUR, MINUTE, app_of, gaps, read, told
from tests.parts import Cloud

pytestmark = pytest.mark.django_db


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
