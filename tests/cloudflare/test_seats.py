"""Zero Trust seats: who holds one is known, and the account gets it back from whoever lost their last way in."""

from typing import Any

import pytest

from access import sharing
from access.models import Grant
from cloudflare import seats
from cloudflare.models import Account, Seat, SignOut
from containers.models import Container
from tenants.models import AuditEvent
from tests.conftest import converge
from tests.parts import Cloud

pytestmark = pytest.mark.django_db

GINA = "gina@example.com"


@pytest.fixture
def box(create: Any) -> Container:
    made: Container = create()
    return made


@pytest.fixture
def grant(box: Container) -> Grant:
    (made,) = sharing.share(box, actor=box.tenant.members.get(), emails=[GINA], permission="view")
    converge()
    return made


def seated(cloud: Cloud) -> set[str]:
    rows = cloud.api("GET", "/accounts/{account}/access/users", params={"per_page": 1000}).json()["result"]
    return {row["email"] for row in rows if row["access_seat"]}


def revoke(grant: Grant) -> None:
    sharing.revoke(grant, actor=grant.container.tenant.members.get())
    converge()


def test_who_signs_in_holds_a_seat_until_it_is_given_back(box: Container, grant: Grant, cloud: Cloud) -> None:
    Account.objects.update(returns_seats=True)
    for email in (GINA, "alice@example.com"):
        assert cloud.sign_in(email, box.hostname)
    seats.survey()
    assert set(Seat.objects.values_list("email", flat=True)) == {GINA, "alice@example.com"} == seated(cloud)
    assert all(Seat.objects.values_list("user_id", "seat_uid"))
    revoke(grant)
    assert seated(cloud) == {"alice@example.com"} == set(Seat.objects.values_list("email", flat=True))
    done = AuditEvent.objects.get(action="access:sign_out").detail
    assert done == {"email": GINA, "sessions": "ended", "seats": 1}


def test_a_seat_stays_where_the_account_does_not_ask_for_it(box: Container, grant: Grant, cloud: Cloud) -> None:
    assert cloud.sign_in(GINA, box.hostname)
    revoke(grant)
    assert seated(cloud) == {GINA}


def test_who_never_came_has_none_to_give_back(box: Container, grant: Grant, cloud: Cloud) -> None:
    Account.objects.update(returns_seats=True, ends_sessions=False)
    revoke(grant)
    assert not any("seats" in row or "revoke_user" in row for row in cloud.writes())
    assert not SignOut.objects.exists()


def test_a_return_that_fails_is_made_up_for(box: Container, grant: Grant, cloud: Cloud) -> None:
    Account.objects.update(returns_seats=True)
    assert cloud.sign_in(GINA, box.hostname)
    cloud.fault(kind="status", status=503, path="/access/seats")
    revoke(grant)
    assert seated(cloud) == {GINA}
    assert SignOut.objects.get().code == "cloudflare_broken"
    cloud.heal()
    SignOut.objects.all().ring()
    converge()
    assert seated(cloud) == set()
    assert not SignOut.objects.exists()


def test_a_survey_costs_one_call_and_forgets_who_holds_none(box: Container, grant: Grant, cloud: Cloud) -> None:
    cloud.control("DELETE", "calls")
    seats.survey()
    assert cloud.calls() == [], "nobody asked for it"
    Account.objects.update(max_seats=10)
    account = Account.objects.get()
    Seat.objects.create(account=account, email="left@example.com", user_id="u", seat_uid="s")
    cloud.fault(kind="status", status=500, path="/access/users")
    seats.survey()
    assert Seat.objects.exists(), "an account that is away is left for next time"
    cloud.heal()
    cloud.control("DELETE", "calls")
    seats.survey()
    assert len(cloud.calls()) == 1
    assert not Seat.objects.exists()
