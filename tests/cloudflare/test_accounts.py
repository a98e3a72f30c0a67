"""Several accounts in one installation, and several zones in one account: each is itself, and fails by itself."""

import datetime
from typing import Any

import pytest
from django.utils import timezone

from cloudflare import drift, room, survey
from cloudflare import setup as cloudflare_setup
from cloudflare.models import Account, Connector, Publication, Tunnel, VisitCursor, Zone
from cloudflare.setup import SetupError
from config.management.commands import up
from containers import admission
from containers.models import Container
from tenants.models import User
from tests.cloudflare.connecting import connector
from tests.conftest import converge, make_tenant
from tests.parts import Cloud

pytestmark = pytest.mark.django_db


@pytest.fixture
def second() -> Zone:
    """Of another account, which nothing here answers for."""
    account = Account.objects.create(name="Second", account_id="2" * 32, api_token="another")
    return Zone.objects.create(account=account, zone_id="2" * 32, domain="second.localhost", next_check_at=None)


def test_a_tunnel_that_sleeps_takes_its_place_anew(
    box: Container, create: Any, second: Zone, owner: User, stranger: User
) -> None:
    first = Account.objects.exclude(pk=second.account_id).get()
    Account.objects.filter(pk=first.pk).update(max_tunnels=1)
    admission.remove(box, actor=owner)
    converge()
    assert Tunnel.objects.get().tunnel_id == ""
    create("box", of=make_tenant("globex", stranger))
    host = create("box").hostname
    assert host.endswith(".second.localhost"), "the other tenant's tunnel is all that the first account has room for"
    assert [each.tunnels.used for each in room.of_all()] == [1, 1], "and so it is shown, before they are made"
    assert set(Tunnel.objects.filter(account=first, publications__gone_at=None).values_list("tenant__slug")) == {
        ("globex",)
    }


def test_a_tunnel_that_lingers_still_takes_its_place(
    box: Container, create: Any, second: Zone, owner: User, stranger: User, settings: Any
) -> None:
    settings.LINGER_SECONDS = 3600
    Account.objects.exclude(pk=second.account_id).update(max_tunnels=1)
    admission.remove(box, actor=owner)
    converge()
    assert Tunnel.objects.get().tunnel_id
    assert create("box", of=make_tenant("globex", stranger)).hostname.endswith(".second.localhost")
    assert not create("box").hostname.endswith(".second.localhost"), "the tunnel is there, and wakes"


def test_a_zone_that_does_not_answer_hides_no_drift_of_the_others(box: Container, cloud: Cloud, zone: Zone) -> None:
    Zone.objects.create(
        pk=zone.pk - 1, account=zone.account, zone_id="e" * 32, domain="elsewhere.localhost", next_check_at=None
    )
    away = Publication.objects.create(
        container=box,
        zone_id=zone.pk - 1,
        tunnel=Tunnel.objects.get(),
        hostname="box.elsewhere.localhost",
        record_target="t",
        next_check_at=None,
    )
    row = Publication.objects.exclude(pk=away.pk).get()
    assert cloud.api("DELETE", f"/zones/{{zone}}/dns_records/{row.record_id}").ok
    assert [pk for _, pk in drift.survey()] == [row.pk]


def test_records_are_compared_where_applications_are_not_listed(box: Container, cloud: Cloud) -> None:
    row = Publication.objects.get()
    assert cloud.api("DELETE", f"/zones/{{zone}}/dns_records/{row.record_id}").ok
    cloud.fault(kind="status", status=403, path="access/apps")
    assert [pk for _, pk in drift.survey()] == [row.pk]


@pytest.mark.parametrize("changed", ["CONTAINERS_DOMAIN", "CLOUDFLARE_ACCOUNT_ID"])
def test_a_zone_that_is_lived_in_stays_what_it_is(box: Container, zone: Zone, settings: Any, changed: str) -> None:
    before = (zone.domain, zone.account_id)
    setattr(settings, changed, "2" * 32 if changed.endswith("ID") else "other.localhost")
    with pytest.raises(SetupError, match=changed):
        cloudflare_setup.ensure_account()
    zone.refresh_from_db()
    assert (zone.domain, zone.account_id) == before


def test_two_zones_of_one_domain_are_refused(zone: Zone, settings: Any) -> None:
    settings.CLOUDFLARE_ZONE_ID = "e" * 32
    with pytest.raises(SetupError, match="CLOUDFLARE_ZONE_ID"):
        cloudflare_setup.ensure_account()


def test_a_token_that_is_refused_says_nothing_of_connectors(box: Container, cloud: Cloud) -> None:
    with connector(cloud, Tunnel.objects.get().token) as take:
        take()
        Connector.objects.all().ring()
        converge()
        assert box.conditions.get(type="Connected").status
        cloud.fault(kind="status", status=403, path="cfd_tunnel")
        Connector.objects.all().ring()
        converge()
        assert Connector.objects.get().code == "cloudflare_unauthorized"
        assert box.conditions.get(type="Connected").status, "it serves as before"


def test_another_token_is_tried_for_all_that_the_earlier_one_failed_for(box: Container, second: Zone) -> None:
    later = timezone.now() + datetime.timedelta(minutes=10)
    VisitCursor.objects.create(account=Account.objects.exclude(pk=second.account_id).get())
    failing = (Zone, Tunnel, Connector, VisitCursor)
    for model in failing:
        model.objects.update(code="cloudflare_unauthorized", retrying=False, next_check_at=later)
    account = Account.objects.exclude(pk=second.account_id).get()
    account.save()
    due = {model: set(model.objects.due().values_list("pk", flat=True)) for model in failing}
    assert due[Zone] == set(account.zones.values_list("pk", flat=True))
    assert all(due.values())


def test_a_token_that_no_header_takes_fails_alone(box: Container, cloud: Cloud, second: Zone) -> None:
    """It was copied with what stood around it; its account comes first."""
    row = Publication.objects.get()
    assert cloud.api("DELETE", f"/zones/{{zone}}/dns_records/{row.record_id}").ok
    early = Account.objects.create(pk=0, name="Early", account_id="0" * 32, api_token="abc…")
    zone = Zone.objects.create(account=early, zone_id="0" * 32, domain="early.localhost", next_check_at=None)
    tunnel = Tunnel.objects.create(tenant=box.tenant, account=early, tunnel_id="t", next_check_at=None)
    Publication.objects.create(
        container=box, zone=zone, tunnel=tunnel, hostname="box.early.localhost", next_check_at=None
    )
    assert [pk for _, pk in drift.survey()] == [row.pk]
    survey.tunnels()


def test_an_installation_comes_up_beside_a_zone_that_fails(zone: Zone, second: Zone) -> None:
    assert up._guarded()
    Zone.objects.filter(pk=zone.pk).ring()
    assert not up._guarded()
