"""Whoever lost their last way in is signed out of all that the account guards; whoever has another one never is."""

import threading
from typing import Any

import pytest
from django.db import connection

from access.models import Grant
from cloudflare import attention
from cloudflare.client.resources import Organization
from cloudflare.models import Account, Publication, SignOut, Zone
from cloudflare.reconcile import names, sign_out
from containers import admission, loop
from containers.models import Container, Template
from tenants import standing
from tenants.models import AuditEvent, Membership, Role, Tenant, User
from tests.cloudflare.conftest import admits
from tests.cloudflare.signing_out import GINA, revoke, share, signed_out
from tests.conftest import converge, make_tenant
from tests.parts import Cloud

pytestmark = pytest.mark.django_db


@pytest.fixture
def box(create: Any) -> Container:
    made: Container = create()
    return made


@pytest.fixture
def elsewhere(create: Any, stranger: User) -> Container:
    """Another tenant's container in the same account."""
    other = make_tenant("other", stranger)
    made: Container = admission.create(actor=stranger, tenant=other, template=Template.objects.get(), name="box")
    return made


def test_the_last_way_in_signs_out_once(box: Container, cloud: Cloud) -> None:
    grant = share(box)
    converge()
    assert cloud.sign_in(GINA, box.hostname)
    revoke(grant)
    converge()
    assert signed_out(cloud) == 1
    assert all(row["revoked"] for row in cloud.state()["sessions"].values() if row["email"] == GINA)
    assert not SignOut.objects.exists()
    assert AuditEvent.objects.get(action="access:sign_out").detail == {"email": GINA, "sessions": "ended"}
    assert Publication.objects.get().entered == ["alice@example.com"]


def test_fifty_times_in_and_out_of_one_tenant_leave_the_session_of_another(
    box: Container, elsewhere: Container, cloud: Cloud
) -> None:
    share(elsewhere)
    converge()
    session = cloud.sign_in(GINA, elsewhere.hostname)
    here = Publication.objects.get(container=box)
    for _ in range(50):
        grant = share(box)
        loop.run(names.PUBLICATION, here.pk)
        revoke(grant)
        ((task, key),) = loop.run(names.PUBLICATION, here.pk)
        loop.run(task, key)
    assert signed_out(cloud) == 0
    assert admits(cloud, elsewhere.hostname, session)
    assert not SignOut.objects.exists()
    assert cloud.sign_in(GINA, box.hostname) is None


def test_who_was_never_let_in_costs_no_call(box: Container, cloud: Cloud) -> None:
    converge()
    revoke(share(box))
    converge()
    assert signed_out(cloud) == 0


@pytest.mark.parametrize("right", ["member", "staff", "waiting", "member elsewhere", "account"])
def test_who_has_another_right_stays_signed_in(
    box: Container, elsewhere: Container, cloud: Cloud, right: str, settings: Any
) -> None:
    grant = share(box)
    converge()
    gina = User.objects.create_user(GINA, "secret", is_staff=right == "staff")
    if right == "member":
        Membership.objects.create(tenant=elsewhere.tenant, user=gina, role=Role.MEMBER)
    if right == "member elsewhere":  # of a tenant that has nothing in the account yet
        make_tenant("fresh", gina)
    if right == "account":  # and Warren itself is behind Access
        settings.ACCESS_AUDIENCE = "a" * 64
    if right == "waiting":  # for a policy that is not written yet
        share(elsewhere)
    revoke(grant)
    loop.run(names.PUBLICATION, Publication.objects.get(container=box).pk)
    loop.run(names.SIGN_OUT, SignOut.objects.get().pk)
    converge()
    assert signed_out(cloud) == 0


def test_who_is_yet_to_be_taken_out_elsewhere_is_signed_out_after_that(
    box: Container, elsewhere: Container, cloud: Cloud
) -> None:
    first, second = share(box), share(elsewhere)
    converge()
    revoke(first)
    revoke(second)
    loop.run(names.PUBLICATION, Publication.objects.get(container=box).pk)
    loop.run(names.SIGN_OUT, SignOut.objects.get().pk)
    assert signed_out(cloud) == 0, "the other policy still admits them, and rings again when it does not"
    converge()
    assert signed_out(cloud) == 1


def test_a_suspended_tenants_people_are_signed_out(box: Container, cloud: Cloud, tenant: Tenant) -> None:
    share(box)
    converge()
    standing.suspend(tenant, actor=None, reason="Abuse.")
    converge()
    assert signed_out(cloud) == 2


def test_a_deleted_container_signs_out_guests_and_no_members(box: Container, cloud: Cloud, owner: User) -> None:
    share(box)
    converge()
    admission.remove(box, actor=owner)
    converge()
    assert [row.detail["email"] for row in AuditEvent.objects.filter(action="access:sign_out")] == [GINA]
    assert signed_out(cloud) == 1


def test_it_is_tried_until_it_is_done_and_staff_see_it(box: Container, cloud: Cloud) -> None:
    grant = share(box)
    converge()
    cloud.fault(kind="status", status=500, path="/revoke_user")
    revoke(grant)
    converge()
    row = SignOut.objects.get()
    assert (row.code, row.calling, row.failures) == ("cloudflare_broken", False, 1)
    (item,) = attention.items()
    assert GINA in item.title
    cloud.heal()
    SignOut.objects.all().ring()
    converge()
    assert not SignOut.objects.exists()
    assert attention.items() == []


def test_of_a_token_that_may_not_do_it_one_person_is_tried_and_the_others_rest(box: Container, cloud: Cloud) -> None:
    grants = [share(box, f"p{number}@example.com") for number in range(3)]
    converge()
    cloud.fault(kind="status", status=403, path="/revoke_user")
    for grant in grants:
        revoke(grant)
    converge()
    (first,) = SignOut.objects.exclude(next_check_at=None)
    assert (first.code, first.retrying) == ("cloudflare_unauthorized", False)
    assert SignOut.objects.filter(code="", calling=False, next_check_at=None).count() == 2
    assert len(attention.items()) == signed_out(cloud) == 1
    SignOut.objects.all().ring()
    converge()
    assert (signed_out(cloud), len(attention.items())) == (2, 1)
    cloud.heal()
    SignOut.objects.filter(pk=first.pk).ring()
    converge()
    assert not SignOut.objects.exists()
    assert signed_out(cloud) == 5


def test_a_new_token_is_tried_at_once_where_somebody_is_to_be_out(box: Container, cloud: Cloud) -> None:
    grants = [share(box), share(box, "dora@example.com")]
    converge()
    cloud.fault(kind="status", status=403, path="/access/apps/")
    cloud.fault(kind="status", status=403, path="/revoke_user")
    for grant in grants:
        revoke(grant)
    converge()
    assert Publication.objects.get().retrying is False
    for healed in ("/access/apps/", "/revoke_user"):
        cloud.heal()
        if healed == "/access/apps/":
            cloud.fault(kind="status", status=403, path="/revoke_user")
        Account.objects.get().save()
        converge()
        assert {grant.state for grant in Grant.objects.all()} == {"revoked"}
    assert not SignOut.objects.exists()


def test_an_account_that_guards_other_things_signs_nobody_out(box: Container, cloud: Cloud) -> None:
    Account.objects.update(ends_sessions=False)
    grant = share(box)
    converge()
    revoke(grant)
    converge()
    assert signed_out(cloud) == 0
    assert not SignOut.objects.exists()


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_who_is_given_a_way_in_while_they_are_signed_out_waits_for_that(
    box: Container, elsewhere: Container, cloud: Cloud, zone: Zone, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The call was decided, and is under way: what begins after it must not be ended by it."""
    grant = share(box)
    converge()
    revoke(grant)
    loop.run(names.PUBLICATION, Publication.objects.get(container=box).pk)
    calling, go_on = threading.Event(), threading.Event()
    call = Organization.revoke_user

    def slowly(self: Organization, email: str) -> None:
        calling.set()
        assert go_on.wait(10)
        call(self, email)

    monkeypatch.setattr(Organization, "revoke_user", slowly)

    def sign() -> None:
        try:
            loop.run(names.SIGN_OUT, SignOut.objects.get().pk)
        finally:
            connection.close()

    thread = threading.Thread(target=sign)
    thread.start()
    assert calling.wait(10)
    share(elsewhere)
    there = Publication.objects.get(container=elsewhere)
    loop.run(names.PUBLICATION, there.pk)
    assert cloud.sign_in(GINA, elsewhere.hostname) is None
    go_on.set()
    thread.join()
    assert Publication.objects.due().filter(pk=there.pk).exists(), "rung, and no second is lost"
    converge()
    session = cloud.sign_in(GINA, elsewhere.hostname)
    assert admits(cloud, elsewhere.hostname, session)
    assert signed_out(cloud) == 1


def test_a_row_that_is_rung_while_it_is_looked_at_stays(
    box: Container, cloud: Cloud, django_assert_max_num_queries: Any
) -> None:
    converge()
    account = Account.objects.get()
    with django_assert_max_num_queries(6):
        sign_out.ring(account, {GINA, "dora@example.com"})
    rings = dict(SignOut.objects.values_list("email", "rings"))
    sign_out.ring(account, {GINA})
    after = dict(SignOut.objects.values_list("email", "rings"))
    assert after == {**rings, GINA: rings[GINA] + 1}
