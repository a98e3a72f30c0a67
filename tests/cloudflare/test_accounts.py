"""Several accounts in one installation, and several zones in one account: each is itself, and fails by itself."""

from typing import Any

import pytest

from cloudflare.models import Account, Tunnel, Zone
from containers import admission
from containers.models import Container
from tenants.models import User
from tests.conftest import converge, make_tenant

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
