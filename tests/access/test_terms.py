"""Until when: the ends that there can be, and what follows for those whom a guest let in."""

import datetime
from typing import Any

import pytest
from django.db.models.signals import pre_save
from django.utils import timezone

from access import sharing, terms
from access.models import Grant
from containers.models import Container
from tenants.models import AuditEvent, Plan, Tenant, User
from tenants.refusal import Refused
from tests.access.conftest import page_of

pytestmark = pytest.mark.django_db

DAY = datetime.timedelta(days=1)


def test_no_end_that_nobody_can_read_again(share: Any, owner: User, container: Container, tenant: Tenant) -> None:
    """In New York's zone the last evening of the calendar is the year 10000 in the database's."""
    form = {"email": "dora@example.com", "permission": "view", "end": "at", "until": "9999-12-31T23:30"}
    page = page_of(owner)
    answer = page.post(f"/containers/{container.pk}/people/", {**form, "zone": "America/New_York"})
    assert "before the year 9000" in answer.content.decode()
    with pytest.raises(Refused) as refused:
        share(expires_at=terms.LAST)
    assert refused.value.code == "expiry_too_far"
    last = share(expires_at=terms.LAST - datetime.timedelta(seconds=1))
    assert page.post(f"/containers/{container.pk}/people/{last.pk}/extend/").status_code == 302
    assert Grant.objects.get() == last
    Plan.objects.filter(pk=tenant.plan_id).update(grant_days=2**31 - 1)
    assert page.get(f"/containers/{container.pk}/people/").status_code == 200
    assert share("dora@example.com", expires_at=timezone.now() + DAY).state == "pending"


def test_who_was_let_in_by_a_guest_follows_what_the_guest_loses_and_that_is_on_record(
    share: Any, guest: User, stranger: User, owner: User
) -> None:
    own = share(guest.email, permission="manage")
    given = share(stranger.email, actor=guest, permission="manage")
    further = share("dora@example.com", actor=stranger)
    short = share("erin@example.com", actor=stranger, expires_at=timezone.now() + DAY / 2)
    sharing.change(own, actor=owner, note="Have a look.")
    assert set(Grant.objects.exclude(pk=own.pk).values_list("generation", flat=True)) == {1}, (
        "nothing of theirs changed"
    )
    sharing.change(own, actor=owner, expires_at=timezone.now() + DAY)
    end = Grant.objects.get(pk=own.pk).expires_at
    for row in (given, further):
        row.refresh_from_db()
        assert (row.expires_at, row.generation) == (end, 2)
        event = AuditEvent.objects.get(action="grant:change", target_id=str(row.pk))
        assert (event.actor, event.detail["changed"]) == (owner.email, ["expires_at"])
    assert (short.generation, short.expires_at) == (1, Grant.objects.get(pk=short.pk).expires_at)


def test_a_warning_is_not_forgotten_by_a_change_of_something_else(share: Any, owner: User) -> None:
    """Whoever warns waits for no container: it may be between the change's reading and its writing."""
    grant = share()

    def warned(sender: Any, instance: Grant, **kwargs: Any) -> None:
        Grant.objects.filter(pk=instance.pk).update(warned_at=timezone.now())

    pre_save.connect(warned, sender=Grant)
    try:
        sharing.change(grant, actor=owner, note="Have a look.")
    finally:
        pre_save.disconnect(warned, sender=Grant)
    assert Grant.objects.get().warned_at is not None
