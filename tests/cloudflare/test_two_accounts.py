"""One tenant in two accounts, each with a Cloudflare of its own: what happens in one is nothing to the other."""

from collections.abc import Iterator
from typing import Any

import pytest

from access.models import Visit
from cloudflare import clients, drift, seats, survey, visits
from cloudflare.models import Account, Connector, Publication, Seat, SignOut, Tunnel, Zone
from cloudflare.reconcile import names
from containers import admission, loop
from containers.models import Container
from tenants.models import User
from tests.cloudflare.conftest import admits
from tests.cloudflare.connecting import connector
from tests.cloudflare.signing_out import GINA, revoke, share, signed_out
from tests.conftest import converge
from tests.parts import Cloud

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def other_process() -> Iterator[Cloud]:
    with Cloud.launch("--domain", "second.localhost") as running:
        yield running


@pytest.fixture
def other(other_process: Cloud, zone: Zone, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    """Where the second account is."""
    other_process.reset()
    facts, make = other_process.facts, clients._client

    def at_its_own(api_url: str, account_id: str, *more: Any) -> Any:
        return make(facts["api"] if account_id == facts["account_id"] else api_url, account_id, *more)

    monkeypatch.setattr(clients, "_client", at_its_own)
    second = Account.objects.create(name="Second", account_id=facts["account_id"], api_token=facts["token"])
    Zone.objects.create(account=second, zone_id=facts["zone_id"], domain=facts["domain"])
    Account.objects.update(returns_seats=True)
    return other_process


@pytest.fixture
def boxes(other: Cloud, create: Any, zone: Zone) -> list[Container]:
    """One in each, of the same tenant."""
    mine = create("box")
    Account.objects.filter(pk=zone.account_id).update(enabled=False)
    theirs = create("crate")
    Account.objects.update(enabled=True)
    converge()
    return [mine, theirs]


def test_each_account_has_its_own(boxes: list[Container], cloud: Cloud, other: Cloud, owner: User) -> None:
    for at, box in zip((cloud, other), boxes, strict=True):
        assert at.state()["routable"] == [box.hostname]
        assert at.applications() == {box.hostname, f"*.{at.facts['domain']}"}
        assert at.tunnels() == {Tunnel(tenant=box.tenant).name}
    grants = [share(box) for box in boxes]
    converge()
    mine, theirs = (at.sign_in(GINA, box.hostname) for at, box in zip((cloud, other), boxes, strict=True))
    seats.survey()
    assert Seat.objects.filter(email=GINA).count() == 2
    for pk in visits.due():
        loop.run(names.VISITS, pk)
    assert set(Visit.objects.values_list("container", "hostname")) == {(box.pk, box.hostname) for box in boxes}
    revoke(grants[0])
    converge()
    assert not admits(cloud, boxes[0].hostname, mine)
    assert admits(other, boxes[1].hostname, theirs)
    assert [signed_out(at) for at in (cloud, other)] == [1, 0]
    assert Seat.objects.get(email=GINA).account.name == "Second"
    for box in boxes:
        admission.remove(box, actor=owner)
    converge()
    for at in (cloud, other):
        assert (at.hostnames(), at.tunnels(), at.state()["violations"]) == (set(), set(), [])
        assert at.applications() == {f"*.{at.facts['domain']}"}
    assert not Connector.objects.exists()


def test_an_account_that_refuses_its_token_holds_up_nothing_of_the_other(
    boxes: list[Container], cloud: Cloud, other: Cloud, create: Any, owner: User
) -> None:
    grants = [share(box) for box in boxes]
    converge()
    mine, theirs = (at.sign_in(GINA, box.hostname) for at, box in zip((cloud, other), boxes, strict=True))
    with connector(other, Tunnel.objects.get(account__name="Second").token) as take:
        take()
        Connector.objects.all().ring()
        converge()
        other.fault(kind="status", status=403)
        assert survey.tunnels() == []
        first = Publication.objects.get(container=boxes[0])
        assert cloud.api("DELETE", f"/zones/{{zone}}/dns_records/{first.record_id}").ok
        assert [pk for _, pk in drift.survey()] == [first.pk]
        for grant in grants:
            revoke(grant)
        create("third")
        converge()
    assert cloud.state()["routable"] == sorted(["third-acme.containers.localhost", boxes[0].hostname])
    assert not admits(cloud, boxes[0].hostname, mine)
    assert signed_out(cloud) == 1
    other.heal()
    Account.objects.get(name="Second").save()  # with another token
    converge()
    assert not admits(other, boxes[1].hostname, theirs)
    assert [signed_out(at) for at in (cloud, other)] == [1, 1]
    assert not SignOut.objects.exists()
