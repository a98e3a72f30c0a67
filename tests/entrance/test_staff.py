"""Staff and Access: never, but by the one provider that a setting names and a worker has read to be the only way."""

import datetime
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from cloudflare.entrance import keys, staff
from cloudflare.models import Account, StaffProvider
from cloudflare.tasks import confirm_staff_provider
from tenants import doorbell
from tenants.models import AuditEvent, User
from tests.entrance.conftest import OTHER, OWN, Front, who

ROOT, SUPPORT = "root@example.com", "support@example.com"
RIGHT = {"allowed_idps": [OWN], "allow_authenticate_via_warp": False}


@pytest.fixture
def people(db: None) -> None:
    User.objects.create_user(SUPPORT, "secret", is_staff=True)
    User.objects.create_user(ROOT, "secret", is_superuser=True)


def test_never_without_the_setting(front: Front, people: None) -> None:
    front.write(**RIGHT)
    confirm_staff_provider()
    assert not StaffProvider.objects.exists()
    for email in (SUPPORT, ROOT):
        assertion = front.assertion(email)
        assert [who(Client(), assertion) for _ in range(3)] == [""] * 3
        refused = AuditEvent.objects.get(action="user:sign_in", target=email)
        assert (refused.outcome, refused.reason, refused.actor) == ("refused", "staff_not_by_access", "")
    client = Client()
    client.force_login(User.objects.get(email=ROOT))
    assert who(client, front.assertion(ROOT)) == ROOT  # with a password


def test_by_the_one_provider(
    front: Front, people: None, settings: Any, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    rung: list[Any] = []
    monkeypatch.setattr(doorbell, "send", lambda task, pk: rung.append((task, pk)))
    settings.ACCESS_STAFF_IDP = front.provider
    front.write(**RIGHT)
    front.cloud.control("POST", "clock", {"seconds": -60})
    before = front.assertion(ROOT)
    front.cloud.control("POST", "clock", {"seconds": 60})
    with django_capture_on_commit_callbacks(execute=True):
        assert [who(Client(), before) for _ in range(3)] == [""] * 3
    assert rung == [(staff.CONFIRM, front.audience)]
    confirm_staff_provider(*rung[0][1:])
    client, assertion = Client(), front.assertion(ROOT)
    assert who(client, assertion) == ROOT
    assert who(Client(), front.assertion(SUPPORT)) == SUPPORT
    assert who(Client(), before) == ""  # it may have come about by another provider

    # Nobody has looked for an hour: even a session that is there ends.
    StaffProvider.objects.update(confirmed_at=timezone.now() - staff.TRUSTED)
    assert who(client, assertion) == ""
    since = StaffProvider.objects.get().since
    StaffProvider.objects.update(since=since - datetime.timedelta(hours=2))
    confirm_staff_provider()
    assert StaffProvider.objects.get().since >= since  # what was in between is not known
    settings.ACCESS_STAFF_IDP = OTHER
    assert who(client, assertion) == ""


@pytest.mark.parametrize(
    "change",
    [
        {"allowed_idps": []},
        {"allowed_idps": [OTHER]},
        {"allowed_idps": [OWN, OTHER]},
        {"allow_authenticate_via_warp": True},
        {"policies": [{"name": "in", "decision": "bypass", "include": [{"everyone": {}}]}]},
        {"policies": [{"name": "in", "decision": "non_identity", "include": [{"everyone": {}}]}]},
    ],
    ids=str,
)
def test_an_application_with_another_way_in(front: Front, people: None, settings: Any, change: dict[str, Any]) -> None:
    settings.ACCESS_STAFF_IDP = front.provider
    front.write(**RIGHT)
    confirm_staff_provider()
    client, assertion = Client(), front.assertion(ROOT)
    assert who(client, assertion) == ROOT
    front.write(**RIGHT | change)
    confirm_staff_provider()
    assert not StaffProvider.objects.exists()
    assert who(client, assertion) == ""


def test_an_application_that_says_nothing_of_warp(front: Front, people: None, settings: Any) -> None:
    settings.ACCESS_STAFF_IDP = front.provider
    front.write(allowed_idps=[OWN])
    confirm_staff_provider()
    assert not StaffProvider.objects.exists()


def test_what_cannot_be_read_changes_nothing(front: Front, people: None, settings: Any) -> None:
    settings.ACCESS_STAFF_IDP = front.provider
    front.write(**RIGHT)
    Account.objects.create(name="Another", account_id="f" * 32, api_token="not good here")
    confirm_staff_provider()
    noted = StaffProvider.objects.get()
    front.cloud.fault(kind="status", status=403)
    confirm_staff_provider()
    front.cloud.heal()
    assert StaffProvider.objects.get().confirmed_at == noted.confirmed_at
    settings.ACCESS_AUDIENCE = "0" * 64  # of no account that can be read
    Account.objects.filter(name="Another").delete()
    confirm_staff_provider()
    assert not StaffProvider.objects.exists()


def test_who_becomes_staff_is_out(front: Front, owner: User) -> None:
    client, assertion = Client(), front.assertion(owner.email)
    assert who(client, assertion) == owner.email
    owner.is_staff = True
    owner.save()
    assert who(client, assertion) == ""
    keys.forget()
