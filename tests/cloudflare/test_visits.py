"""Who came to the edge is imported, with whose visit it was and what let them in."""

import datetime
from typing import Any

import pytest
from django.utils import timezone

from access import sharing
from access.models import Grant, Visit
from cloudflare import tasks
from cloudflare.models import Application, Publication, VisitCursor
from containers import admission
from containers.models import Container
from tenants.models import User
from tests.cloudflare.visiting import HOUR, MINUTE, app_of, read, told
from tests.conftest import converge
from tests.parts import Cloud

pytestmark = pytest.mark.django_db


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
