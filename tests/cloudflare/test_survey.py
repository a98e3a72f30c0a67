"""The survey of tunnels tells what went from what only came, or changed, while Cloudflare listed."""

from typing import Any

import pytest
from django.utils import timezone

from cloudflare import survey
from cloudflare.client.resources import Tunnels
from cloudflare.connection import report_connected
from cloudflare.models import Tunnel
from cloudflare.reconcile import names
from containers import conditions
from tenants.models import User
from tests.conftest import converge, make_tenant
from tests.parts import Cloud

pytestmark = pytest.mark.django_db


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Has something happen once the tunnels were listed, before anybody hears of it."""
    listing = Tunnels.all

    def happen(act: Any) -> None:
        def late(self: Tunnels, *args: Any, **more: Any) -> Any:
            rows = list(listing(self, *args, **more))
            act()
            return rows

        monkeypatch.setattr(Tunnels, "all", late)

    return happen


def test_a_tunnel_that_is_made_while_cloudflare_lists_is_not_missed(
    create: Any, cloud: Cloud, stranger: User, meanwhile: Any
) -> None:
    create()
    converge()

    def another() -> None:
        create("box", of=make_tenant("globex", stranger))
        converge()

    meanwhile(another)
    assert survey.tunnels() == []
    assert not Tunnel.objects.filter(tunnel_id="").exists()


def test_a_tunnel_that_connects_while_cloudflare_lists_is_not_disconnected(create: Any, meanwhile: Any) -> None:
    container = create()
    converge()
    tunnel = Tunnel.objects.get()

    def connect() -> None:
        Tunnel.objects.update(connected_at=timezone.now())
        report_connected(tunnel, True, "Connected")

    meanwhile(connect)
    survey.tunnels()
    assert conditions.of(container, names.CONNECTED).status is True
    tunnel.refresh_from_db()
    assert tunnel.connected_at


def test_a_tunnel_that_no_list_has_yet_is_asked_for(create: Any, cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only Cloudflare's word that it is not there takes it away: a list may be older than the tunnel."""
    create()
    converge()
    before = Tunnel.objects.get().tunnel_id
    monkeypatch.setattr(Tunnels, "all", lambda *args, **more: iter(()))
    assert survey.tunnels() == []
    assert Tunnel.objects.get().tunnel_id == before


def test_a_tunnel_that_went_is_made_again(create: Any, cloud: Cloud) -> None:
    container = create()
    converge()
    before = Tunnel.objects.get().tunnel_id
    assert cloud.api("DELETE", f"/accounts/{{account}}/cfd_tunnel/{before}").ok
    assert survey.tunnels() == [(names.TUNNEL, Tunnel.objects.get().pk)]
    converge()
    now = Tunnel.objects.get().tunnel_id
    assert now not in {"", before}
    assert cloud.state()["routable"] == [container.hostname]
