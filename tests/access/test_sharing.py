"""What people may decide about grants, and what follows from it at once."""

import datetime
from itertools import pairwise
from typing import Any

import pytest
from django.utils import timezone

from access import ending, sharing, tasks
from access.models import Grant
from containers import admission, visibility
from containers.models import Container
from tenants import standing
from tenants.models import AuditEvent, Membership, Plan, Role, Tenant, User
from tenants.refusal import Refused
from tests.conftest import converge
from tests.parts import Cloud

pytestmark = pytest.mark.django_db

DAY = datetime.timedelta(days=1)


def admits(cloud: Cloud, host: str, cookie: str | None) -> bool:
    """Past Access: the engine is in memory, so no connector answers behind it (530)."""
    return cloud.visit(host, "/", cookie).status_code == 530


def refusal(call: Any) -> str:
    with pytest.raises(Refused) as refused:
        call()
    return refused.value.code


def test_from_pending_to_active_to_revoked(share: Any, cloud: Cloud, container: Container, owner: User) -> None:
    assert cloud.sign_in("gina@example.com", container.hostname) is None
    grant = share("Gina@Example.com", permission="operate", note="Have a look.")
    assert (grant.email, grant.state, grant.permissions) == ("gina@example.com", "pending", ("view", "operate"))
    converge()
    grant.refresh_from_db()
    assert grant.state == "active"
    session = cloud.sign_in("gina@example.com", container.hostname)
    assert admits(cloud, container.hostname, session)
    sharing.revoke(grant, actor=owner)
    grant.refresh_from_db()
    assert grant.state == "revoking"
    converge()
    grant.refresh_from_db()
    assert grant.state == "revoked"
    assert not admits(cloud, container.hostname, session)
    assert cloud.sign_in("gina@example.com", container.hostname) is None
    verbs = AuditEvent.objects.filter(target_id=str(grant.pk)).order_by("pk").values_list("action", flat=True)
    assert list(verbs) == ["grant:create", "grant:active", "grant:revoke", "grant:out"]


def test_rights_in_warren_are_the_grants(share: Any, container: Container, guest: User, stranger: User) -> None:
    def held(user: User) -> set[str]:
        seen = Container.objects.visible_to(user).filter(pk=container.pk).exists()
        found = visibility.held(user, container)
        assert seen == bool(found)
        return set(found)

    assert held(guest) == set()
    grant = share(guest.email, permission="shell")
    assert held(guest) == {"view", "operate", "shell"}
    assert held(stranger) == set()
    Grant.objects.update(expires_at=timezone.now() - DAY)
    assert held(guest) == set(), "nobody has noted the end yet, and it counts all the same"
    Grant.objects.update(expires_at=None)
    sharing.leave(Grant.objects.get(pk=grant.pk), actor=guest)
    assert held(guest) == set()


def test_how_long(share: Any, tenant: Tenant, owner: User, container: Container) -> None:
    def days(grant: Grant) -> float:
        assert grant.expires_at
        return round((grant.expires_at - timezone.now()) / DAY, 2)

    assert days(share("a@example.com")) == 7
    assert share("b@example.com", expires_at=None).expires_at is None
    Plan.objects.update(grant_days=3)
    assert days(share("c@example.com")) == 3
    assert refusal(lambda: share("d@example.com", expires_at=None)) == "expiry_needed"
    assert refusal(lambda: share("d@example.com", expires_at=timezone.now() + 4 * DAY)) == "expiry_too_far"
    assert refusal(lambda: share("d@example.com", expires_at=timezone.now() - DAY)) == "expiry_past"
    assert days(share("a@example.com", permission="operate")) == 7, "what lasts longer already stays"
    assert Grant.objects.count() == 3


def test_a_guest_who_manages_gives_what_they_hold_and_no_longer(
    share: Any, container: Container, guest: User, owner: User
) -> None:
    assert refusal(lambda: share("dora@example.com", actor=guest)) == "not_shared"
    end = timezone.now() + 2 * DAY
    own = share(guest.email, permission="manage", expires_at=end)
    other = share("erin@example.com")
    given = share("dora@example.com", actor=guest, permission="manage")
    assert (given.via, given.expires_at) == (own, end)
    assert refusal(lambda: share("finn@example.com", actor=guest, expires_at=None)) == "grant_outlasts"
    assert refusal(lambda: sharing.revoke(other, actor=guest)) == "not_yours_to_change"
    sharing.change(own, actor=owner, expires_at=timezone.now() + DAY)
    given.refresh_from_db()
    assert given.expires_at == Grant.objects.get(pk=own.pk).expires_at
    sharing.change(own, actor=owner, permission="shell")
    given.refresh_from_db()
    assert given.ended_how == "revoked"
    assert refusal(lambda: share("finn@example.com", actor=guest)) == "not_shared"


def test_a_blocked_guest_takes_along_whom_they_let_in(share: Any, guest: User, container: Container) -> None:
    own = share(guest.email, permission="manage")
    given = share("dora@example.com", actor=guest)
    guest.is_active = False
    guest.save()
    for grant in (own, given):
        grant.refresh_from_db()
        assert grant.ended_how == "revoked"
    assert not visibility.held(guest, container)


def test_a_member_needs_no_grant(share: Any, tenant: Tenant) -> None:
    bob = User.objects.create_user("bob@example.com", "secret")
    Membership.objects.create(tenant=tenant, user=bob, role=Role.MEMBER)
    assert refusal(lambda: share("bob@example.com")) == "already_member"
    refused = AuditEvent.objects.get(action="grant:create", outcome="refused")
    assert refused.reason == "already_member"


def test_an_end_that_nobody_notices_is_noted(share: Any, cloud: Cloud, container: Container) -> None:
    grant = share(expires_at=timezone.now() + DAY)
    converge()
    session = cloud.sign_in(grant.email, container.hostname)
    Grant.objects.update(expires_at=timezone.now())
    assert ending.due() == [container.pk]
    ending.expire(container.pk)
    converge()
    grant.refresh_from_db()
    assert (grant.state, grant.ended_at) == ("expired", grant.expires_at)
    assert not admits(cloud, container.hostname, session)
    assert ending.due() == []


def test_a_deleted_container_ends_its_grants(share: Any, container: Container, owner: User, guest: User) -> None:
    own = share(guest.email, permission="manage")
    given = share("dora@example.com", actor=guest)
    converge()
    admission.remove(container, actor=owner)
    assert not visibility.held(guest, container)
    converge()
    for grant in (own, given):
        grant.refresh_from_db()
        assert (grant.state, grant.ended_how in {"container", "revoked"}) == ("revoked", True)


def test_many_at_once_are_one_write(container: Container, owner: User, cloud: Cloud) -> None:
    before = len(cloud.writes())
    sharing.share(container, actor=owner, emails=[f"p{n}@example.com" for n in range(50)], permission="view")
    converge()
    assert len(cloud.writes()) == before + 1
    assert {grant.state for grant in Grant.objects.all()} == {"active"}


def test_given_again(share: Any, guest: User, owner: User, container: Container) -> None:
    own = share(guest.email, permission="manage", expires_at=timezone.now() + 9 * DAY)
    given = share("hana@example.com", actor=guest, permission="operate")
    (again,) = sharing.share(container, actor=owner, emails=[guest.email])
    assert (again.pk, again.permission, again.expires_at) == (own.pk, "manage", own.expires_at), (
        "what is not said stays"
    )
    mine = share("hana@example.com", permission="manage", expires_at=None)
    assert (mine.pk, mine.via, mine.granter) == (given.pk, None, owner.email)
    sharing.leave(own, actor=guest)
    mine.refresh_from_db()
    assert mine.state == "pending", "what a member decided about ends with no guest"


def test_given_again_after_an_end_that_nobody_noted(share: Any, cloud: Cloud, container: Container) -> None:
    first = share()
    converge()
    Grant.objects.update(expires_at=timezone.now() - DAY)
    second = share()
    first.refresh_from_db()
    assert (first.ended_how, first.ended_at, second.state) == ("expired", first.expires_at, "pending")
    assert second.pk != first.pk


def test_through_so_many_hands_and_no_more(share: Any, container: Container, owner: User) -> None:
    people = [User.objects.create_user(f"g{n}@example.com", "secret") for n in range(5)]
    root = share(people[0].email, permission="manage")
    for before, after in pairwise(people):
        share(after.email, actor=before, permission="manage")
    assert refusal(lambda: share("far@example.com", actor=people[-1])) == "shared_on_too_far"
    sharing.revoke(root, actor=owner)
    assert not Grant.objects.open().exists()
    assert AuditEvent.objects.filter(action="grant:revoke", outcome="done", actor=owner.email).count() == 5


@pytest.mark.parametrize(
    "address",
    [
        r'"a\ b"@example.com',
        "a@[192.0.2.1]",
        "a@localhost",
        "a@stra\u00dfe.de",
        "a.@example.com",
        "@example.com",
        "a b@c.de",
        "",
    ],
)
def test_no_address_that_cloudflare_would_refuse(share: Any, address: str) -> None:
    assert refusal(lambda: share(address)) == "email_invalid"


def test_limits_of_the_tenant(share: Any, owner: User, container: Container, settings: Any) -> None:
    Plan.objects.update(max_guests=2)
    share("a@example.com")
    share("b@example.com")
    assert refusal(lambda: share("c@example.com")) == "guests_limit"
    share("b@example.com", permission="shell")
    sharing.revoke(share("b@example.com"), actor=owner)
    settings.GRANTS_PER_HOUR = 2
    assert refusal(lambda: share("c@example.com")) == "grants_limit"


def test_a_suspended_tenants_guests_are_not_shown_as_in(share: Any, tenant: Tenant) -> None:
    share()
    converge()
    standing.suspend(tenant, actor=None, reason="Overdue.")
    converge()
    assert Grant.objects.get().state == "pending"
    standing.resume(tenant, actor=None)
    converge()
    assert Grant.objects.get().state == "active"


def test_who_joins_keeps_no_access_of_their_own(share: Any, guest: User, tenant: Tenant) -> None:
    """And whom they let in stays, as if a member had."""
    grant, far = share(guest.email, permission="manage"), User.objects.create_user("far@example.com", "secret")
    given = share(far.email, actor=guest, permission="manage")
    further = share("further@example.com", actor=far)
    membership = Membership.objects.create(tenant=tenant, user=guest, role=Role.MEMBER)
    grant.refresh_from_db()
    assert grant.ended_how == "joined"
    membership.delete()
    assert {*Grant.objects.live()} == {given, further}
    given.refresh_from_db()
    assert (given.via, given.granter) == (None, guest.email)
    sharing.leave(given, actor=far)
    assert not Grant.objects.live().exists(), "further is there by it, as before"


def test_one_end_that_fails_holds_up_no_other(share: Any, container: Container, monkeypatch: Any, caplog: Any) -> None:
    share(expires_at=timezone.now() + DAY)
    Grant.objects.update(expires_at=timezone.now())
    real = ending.expire

    def broken(pk: Any) -> None:
        if pk == "broken":
            raise RuntimeError
        real(pk)

    monkeypatch.setattr(ending, "due", lambda: ["broken", container.pk])
    monkeypatch.setattr(ending, "expire", broken)
    tasks.sweep_grants()
    assert Grant.objects.get().ended_how == "expired"
