"""What an account at Cloudflare has room for is said before anybody is promised anything, and holds at once."""

import contextlib
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connection

from access import sharing
from access.models import Grant
from cloudflare import attention
from cloudflare.models import Account, Publication, Seat
from containers import admission
from containers.models import Container, Template
from tenants.models import AuditEvent, Membership, Tenant, User
from tenants.refusal import Refused
from tests.conftest import converge, make_tenant
from tests.parts import Cloud

pytestmark = pytest.mark.django_db


@pytest.fixture
def box(create: Any) -> Container:
    made: Container = create()
    return made


def share(container: Container, *emails: str) -> str:
    """`given`, or the code of the refusal."""
    try:
        sharing.share(container, actor=container.tenant.members.get(), emails=emails, permission="view")
    except Refused as refused:
        return refused.code
    return "given"


def test_990_guests_fit_and_what_passes_the_limit_is_refused(box: Container, cloud: Cloud) -> None:
    converge()
    people = [f"p{number}@example.com" for number in range(1000)]
    for first in range(0, 990, 99):
        assert share(box, *people[first : first + 99]) == "given"
    converge()
    assert Grant.objects.exclude(active_at=None).count() == 990
    assert cloud.sign_in(people[989], box.hostname)
    assert share(box, *people[990:]) == "access_full", "with the owner, that is one too many"
    assert share(box, *people[990:999]) == "given"
    assert share(box, people[999]) == "access_full"
    converge()
    assert len(Publication.objects.get().admitted) == 1000
    assert share(box, people[0]) == "given", "who is in already takes no more room"
    Account.objects.update(identity_provider_id="required")
    sharing.revoke(Grant.objects.get(email=people[1]), actor=box.tenant.members.get())
    assert share(box, people[1]) == "access_full", "what the policy requires is a rule, too"


def test_members_beyond_the_limit_wait_and_whoever_leaves_is_out(
    box: Container, cloud: Cloud, tenant: Tenant, owner: User
) -> None:
    Account.objects.update(max_rules=3)
    assert share(box, "gina@example.com", "dora@example.com") == "given"
    converge()
    session = cloud.sign_in("gina@example.com", box.hostname)
    calls = len(cloud.calls())
    for name in ("bob", "eve"):
        Membership.objects.create(tenant=tenant, user=User.objects.create_user(f"{name}@example.com", "secret"))
    converge()
    assert len(cloud.calls()) == calls, "nothing that Cloudflare takes would let them in"
    row = Publication.objects.get()
    assert (row.code, row.retrying) == ("access_full", False)
    condition = box.conditions.get(type="Published")
    assert condition.reason == "access_full"
    assert "5 people may enter" in condition.message
    assert cloud.sign_in("bob@example.com", box.hostname) is None
    sharing.revoke(Grant.objects.get(email="gina@example.com"), actor=owner)
    converge()
    assert Grant.objects.get(email="gina@example.com").state == "revoked"
    assert cloud.visit(box.hostname, "/", session).status_code == 302
    assert cloud.sign_in("dora@example.com", box.hostname)
    assert attention.items() == [], "full, and nobody is in who should be out"
    account = Account.objects.get()
    account.max_rules = 1000
    account.save()
    converge()
    assert cloud.sign_in("bob@example.com", box.hostname)
    assert Publication.objects.get().code == ""
    assert box.conditions.get(type="Published").status


def test_a_container_of_too_many_members_is_not_published(create: Any, cloud: Cloud, tenant: Tenant, zone: Any) -> None:
    Account.objects.update(max_rules=1)
    Membership.objects.create(tenant=tenant, user=User.objects.create_user("bob@example.com", "secret"))
    host = create().hostname
    converge()
    assert Publication.objects.get().code == "access_full"
    assert host not in cloud.applications() | cloud.hostnames()


def test_no_more_seats_are_promised_than_there_are(box: Container) -> None:
    Account.objects.update(max_seats=3)
    account = Account.objects.get()
    Seat.objects.create(account=account, email="alice@example.com", user_id="u", seat_uid="s")
    Seat.objects.create(account=account, email="gina@example.com", user_id="v", seat_uid="t")
    assert share(box, "gina@example.com") == "given", "she holds one already"
    assert share(box, "dora@example.com", "finn@example.com") == "seats_full"
    assert share(box, "dora@example.com") == "given"
    assert share(box, "finn@example.com") == "seats_full"
    first, second = AuditEvent.objects.filter(reason="seats_full").order_by("pk")
    assert "and of 3 seats, 1 is left;" in first.detail["why"]
    assert "and no seat is left;" in second.detail["why"]
    sharing.revoke(Grant.objects.get(email="dora@example.com"), actor=box.tenant.members.get())
    assert share(box, "finn@example.com") == "given"
    Account.objects.update(max_seats=None)
    assert share(box, "dora@example.com") == "given"


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_two_tenants_at_once_are_not_given_the_same_seat(box: Container, stranger: User, template: Template) -> None:
    other = make_tenant("other", stranger)
    boxes = [box, admission.create(actor=stranger, tenant=other, template=template, name="box")]
    Account.objects.update(max_seats=4)
    together = Barrier(8)

    def one(number: int) -> str:
        with contextlib.closing(connection):
            together.wait()
            return share(boxes[number % 2], f"p{number}@example.com")

    with ThreadPoolExecutor(8) as pool:
        heard = Counter(pool.map(one, range(8)))
    assert heard == {"given": 4, "seats_full": 4}
