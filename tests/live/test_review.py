"""What is asked again about everybody who has a socket open: few statements, and each by what is their own."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from access.models import Grant
from containers.models import Container
from monitoring.live import review, rights, visitors
from monitoring.live.visitors import Visitor
from tenants.models import ApiToken, Scope, Tenant, User
from tests.live.conftest import make_box

pytestmark = pytest.mark.django_db


@pytest.fixture
def box(tenant: Tenant) -> Container:
    return make_box(tenant, "box")


def signed_in(user: User) -> Visitor:
    client = Client()
    client.force_login(user)
    return Visitor(user, session=client.cookies[django_settings.SESSION_COOKIE_NAME].value)


def guest(number: int, box: Container, **grant: Any) -> User:
    person = User.objects.create_user(f"guest{number}@example.com", "secret")
    Grant.objects.create(container=box, email=person.email, **{"permission": "view", "granter": "a", **grant})
    return person


def test_many_cost_as_many_statements_as_few(box: Container, owner: User) -> None:
    held = frozenset({str(box.pk)})
    some = [(signed_in(owner), held), (signed_in(guest(0, box)), held)]
    many = some + [(signed_in(guest(number, box)), held) for number in range(1, 20)]
    with CaptureQueriesContext(connection) as few:
        review._ask(some)
    with CaptureQueriesContext(connection) as all_:
        found = review._ask(many)
    assert len(few) == len(all_) == 5, "a sixth where somebody came by a token"
    assert [sorted(each[str(box.pk)].permissions) for _, each in found[1:]] == [["view"]] * 20
    assert "delete" in found[0][1][str(box.pk)].permissions


def test_each_keeps_its_own_end_and_address(owner: User) -> None:
    """Two sockets of one session; one was opened with an assertion that ends sooner."""
    visitor = signed_in(owner)
    soon, late = (timezone.now() + timedelta(minutes=minutes) for minutes in (1, 2))
    mine = [replace(visitor, until=soon, ip="10.0.0.1"), replace(visitor, until=late, ip="10.0.0.2")]
    assert [(each.until, each.ip) for each in visitors.again(mine) if each] == [(soon, "10.0.0.1"), (late, "10.0.0.2")]
    assert visitors.again([replace(visitor, until=timezone.now())]) == [None]


def test_the_address_past_proxies_that_each_wrote_a_header(owner: User, settings: Any) -> None:
    settings.TRUSTED_PROXIES = ["10.0.0.0/8"]
    cookie = f"{settings.SESSION_COOKIE_NAME}={signed_in(owner).session}".encode()
    hops = [(b"x-forwarded-for", b"203.0.113.7"), (b"x-forwarded-for", b"10.0.0.9")]
    assert visitors.find({"headers": [(b"cookie", cookie), *hops], "client": ("10.0.0.1", 1)}).ip == "203.0.113.7"


def test_sessions_by_an_earlier_secret_count_and_stay(owner: User, settings: Any) -> None:
    visitor = signed_in(owner)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another-" * 8
    (now,) = visitors.again([visitor])
    assert now is not None
    assert now.session == visitor.session
    settings.SECRET_KEY_FALLBACKS = []
    assert visitors.again([visitor]) == [None]


def test_who_does_not_count_any_more(owner: User, stranger: User) -> None:
    session = signed_in(owner)
    reading, _ = ApiToken.objects.create(user=owner, scope=Scope.READ)
    gone, _ = ApiToken.objects.create(user=owner)
    over, _ = ApiToken.objects.create(user=owner, expiry=timedelta(seconds=-1))
    theirs, _ = ApiToken.objects.create(user=stranger)
    tokens = [Visitor(owner, token=row.pk) for row in (reading, gone, over, theirs)]
    gone.delete()
    found = visitors.again([session, *tokens, Visitor(owner, session="none"), Visitor(owner)])
    assert [each is not None for each in found] == [True, True, False, False, False, False, False]
    assert found[1] is not None
    assert not found[1].writes
    owner.set_password("another")
    owner.save()
    assert visitors.again([session]) == [None]
    User.objects.filter(pk=owner.pk).update(is_active=False)
    assert visitors.again([tokens[0]]) == [None]


def test_rights_are_what_access_holds(box: Container, owner: User, stranger: User) -> None:
    ends = timezone.now() + timedelta(hours=1)
    operator, expired = guest(1, box, permission="operate", expires_at=ends), guest(2, box, expires_at=timezone.now())
    key, other = str(box.pk), "00000000-0000-0000-0000-000000000000"
    people = (owner, operator, expired, stranger)
    found = rights.of({person: [key, other] for person in people})
    assert [found[person][other] for person in people] == [rights.NONE] * 4
    assert [sorted(found[person][key].permissions) for person in people[1:]] == [["operate", "view"], [], []]
    assert found[operator][key].until == ends
    assert "shell" in found[owner][key].permissions
    Container.objects.filter(pk=box.pk).update(suspended=True)
    assert "shell" not in rights.of({owner: [key]})[owner][key].permissions
    Container.objects.filter(pk=box.pk).update(deleted_at=timezone.now())
    assert rights.of({owner: [key]})[owner][key].gone
